import { expect, it } from 'vitest';
import { uuidV7 } from '../../pipeline/uuid-v7.ts';

it('has the form of RFC 9562, section 5.7, with the time in front', () => {
  // The example of appendix A.6: 2022-02-22T19:22:22.000Z.
  expect(uuidV7(0x017f22e279b0)).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it('differs each time, and sorts by time', () => {
  const ids = Array.from({ length: 1000 }, (_, ms) => uuidV7(1_800_000_000_000 + ms));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(Array.from({ length: 1000 }, () => uuidV7(5))).size).toBe(1000);
});
