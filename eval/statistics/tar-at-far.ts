export interface OperatingPoint {
  /** Pairs above this similarity, not at it, are accepted. */
  readonly limit: number;
  /** Share of the genuine pairs above the limit. */
  readonly tar: number;
  /** Share of the impostor pairs above the limit, at most what was asked for. */
  readonly far: number;
}

/**
 * The lowest limit at which at most `far` of the impostor pairs are accepted. Nothing is interpolated.
 *
 * @param genuine similarities, ascending; −Infinity where a face was not found.
 * @param impostor likewise.
 * @param far 0 ≤ far < 1.
 */
export function tarAtFar(genuine: Float64Array, impostor: Float64Array, far: number): OperatingPoint {
  const mayPass = Math.floor(far * impostor.length + 1e-9);
  const limit = impostor[impostor.length - 1 - mayPass] ?? Number.NEGATIVE_INFINITY;
  return { limit, tar: shareAbove(genuine, limit), far: shareAbove(impostor, limit) };
}

/** Share of the ascending `values` that are greater than `limit`. */
export function shareAbove(values: Float64Array, limit: number): number {
  return (values.length - countUpTo(values, (value) => value <= limit)) / values.length;
}

/** Share of the ascending `values` that are at least `threshold`: what the product accepts. */
export function shareFrom(values: Float64Array, threshold: number): number {
  return (values.length - countUpTo(values, (value) => value < threshold)) / values.length;
}

function countUpTo(values: Float64Array, isBefore: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(values[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The curve at `perDecade` false accept rates a power of ten, from one impostor pair in all of them on. It does not reach
 * (1, 1): pairs without a face are accepted nowhere.
 */
export function rocCurve(genuine: Float64Array, impostor: Float64Array, perDecade = 8): [far: number, tar: number][] {
  const decades = Math.ceil(Math.log10(impostor.length));
  const points: [number, number][] = [];
  for (let step = -decades * perDecade; step < 0; step += 1) {
    const far = 10 ** (step / perDecade);
    if (far * impostor.length >= 1) points.push([far, tarAtFar(genuine, impostor, far).tar]);
  }
  return points;
}
