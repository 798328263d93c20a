import { eventually } from './eventually.ts';

/** What `read` tells when it has begun and no longer grows. */
export async function stableCount(read: () => number): Promise<number> {
  let last = -1;
  return eventually('a number that no longer grows', () => {
    const now = read();
    const stable = now === last && now > 0 ? now : null;
    last = now;
    return stable;
  });
}
