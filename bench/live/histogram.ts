export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Bins of equal width from the least value to the greatest, both rounded outward to whole widths; empty ones stay in.
 *
 * @param upTo a multiple of `width`: all from there on share a last bin without an end.
 */
export function histogram(values: readonly number[], width: number, upTo = Number.POSITIVE_INFINITY): Bin[] {
  const inside = values.filter((value) => value < upTo);
  const beyond = values.length - inside.length;
  const least = Math.floor(Math.min(...inside) / width);
  const greatest = Math.floor(Math.max(...inside) / width);
  const counts = new Array<number>(inside.length === 0 ? 0 : greatest - least + 1).fill(0);
  for (const value of inside) counts[Math.floor(value / width) - least]! += 1;
  const bins = counts.map((count, i) => ({ from: (least + i) * width, to: (least + i + 1) * width, count }));
  return beyond === 0 ? bins : [...bins, { from: upTo, to: Number.POSITIVE_INFINITY, count: beyond }];
}

/** One line a bin, the longest bar `columns` long. */
export function histogramLines(bins: readonly Bin[], unit: string, columns = 40): string[] {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const label = ({ from, to }: Bin) =>
    to === Number.POSITIVE_INFINITY ? `≥ ${from} ${unit}` : `${from}–${to} ${unit}`;
  const widest = Math.max(0, ...bins.map((bin) => label(bin).length));
  return bins.map((bin) => {
    const bar = '█'.repeat(Math.round((bin.count / most) * columns));
    return `${label(bin).padStart(widest)} ${bar}${bin.count > 0 ? ` ${bin.count}` : ''}`;
  });
}
