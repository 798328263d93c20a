/**
 * A quality map from what an embedder's signal is for clean faces: at their mean less 2.8 standard deviations lies the gate
 * of 0.4, which then costs three of a thousand of them where they are normally distributed. Two numbers of hundreds of
 * faces, and no tail of a few.
 *
 * @param signals of clean faces. @param better whether more is better (a norm) or worse (RTS).
 * @returns ascending by the signal.
 */
export function normalQuality(
  signals: readonly number[],
  better: 'more' | 'less',
): [signal: number, quality: number][] {
  const mean = signals.reduce((sum, value) => sum + value, 0) / signals.length;
  const deviation = Math.sqrt(signals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (signals.length - 1));
  const points = QUALITIES.map(([deviations, quality]): [number, number] => {
    return [mean + (better === 'more' ? 1 : -1) * deviations * deviation, quality];
  });
  return points.sort((a, b) => a[0] - b[0]);
}

const QUALITIES = [
  [-5, 0],
  [-2.8, 0.4],
  [-1.6, 0.6],
  [2, 1],
] as const;
