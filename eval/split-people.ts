import { createHash } from 'node:crypto';

export type Half = 'calibration' | 'report';

/**
 * Which half of the people someone belongs to, for good: what is chosen on one half is reported on the other, whatever
 * else the list holds.
 */
export function halfOf(name: string): Half {
  const [first] = createHash('sha256').update(name, 'utf8').digest();
  return first! % 2 === 0 ? 'calibration' : 'report';
}
