/** What one camera would take, frames a second, and below which it is not held. 0 ≤ `least` ≤ `wanted`. */
export interface Demand {
  readonly wanted: number;
  readonly least: number;
}

/** What a camera gets where nobody may take more than `level`: never less than its least, never more than it wants. */
export function shareAt(level: number, { wanted, least }: Demand): number {
  return Math.min(wanted, Math.max(least, level));
}

/**
 * The max–min fair level (Bertsekas and Gallager, Data Networks, 6.5.2: water filling): the shares at it add up to the capacity, so
 * that nobody can get more without somebody who has no more getting less.
 *
 * @param capacity frames a second, ≥ 0.
 * @returns frames a second; Infinity where the capacity is enough for everybody, 0 where it is not enough for the least of all.
 */
export function fairLevel(demands: readonly Demand[], capacity: number): number {
  // Between two of these the sum of the shares grows evenly with the level.
  const corners = [...new Set(demands.flatMap(({ wanted, least }) => [wanted, least]))].sort((a, b) => a - b);
  const sumAt = (level: number) => demands.reduce((sum, demand) => sum + shareAt(level, demand), 0);
  let below = 0;
  let sumBelow = sumAt(0);
  if (sumBelow > capacity) return 0;
  for (const corner of corners) {
    const sum = sumAt(corner);
    if (sum > capacity) return below + ((capacity - sumBelow) / (sum - sumBelow)) * (corner - below);
    [below, sumBelow] = [corner, sum];
  }
  return Number.POSITIVE_INFINITY;
}
