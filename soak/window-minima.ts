/**
 * The lowest value of each window of time, at the middle of the window. What is collected now and then (garbage, closed descriptors)
 * makes saw teeth; what leaks lifts the floor under them.
 *
 * @param points pairs [x, y], x ascending.
 * @param width of a window, in units of x. The rest at the end that fills none is left out.
 */
export function windowMinima(
  points: readonly (readonly [x: number, y: number])[],
  width: number,
): (readonly [x: number, y: number])[] {
  const start = points[0]?.[0] ?? 0;
  const end = points.at(-1)?.[0] ?? 0;
  const lowest = new Map<number, number>();
  for (const [x, y] of points) {
    const window = Math.floor((x - start) / width);
    if (start + (window + 1) * width > end) break;
    lowest.set(window, Math.min(lowest.get(window) ?? Number.POSITIVE_INFINITY, y));
  }
  return [...lowest].map(([window, y]) => [start + (window + 0.5) * width, y] as const);
}
