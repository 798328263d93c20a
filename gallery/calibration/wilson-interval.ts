export type Interval = readonly [low: number, high: number];

/** Two-sided 95 % of the normal distribution. */
const Z = 1.959963984540054;

/** 95 % interval of a share that was counted (Wilson 1927): also right near 0 and 1. Assumes independent trials. */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const middle = share + Z ** 2 / (2 * trials);
  const half = Z * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2));
  const whole = 1 + Z ** 2 / trials;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}
