export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Bins of equal width from the least value to the greatest, both rounded outward to whole widths; empty ones stay in. */
export function histogram(values: readonly number[], width: number): Bin[] {
  if (values.length === 0) return [];
  const least = Math.floor(Math.min(...values) / width);
  const greatest = Math.floor(Math.max(...values) / width);
  const counts = new Array<number>(greatest - least + 1).fill(0);
  for (const value of values) counts[Math.floor(value / width) - least]! += 1;
  return counts.map((count, i) => ({ from: (least + i) * width, to: (least + i + 1) * width, count }));
}

/** One line a bin, the longest bar `columns` long. */
export function histogramLines(bins: readonly Bin[], unit: string, columns = 40): string[] {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const label = ({ from, to }: Bin) => `${from}–${to} ${unit}`;
  const widest = Math.max(0, ...bins.map((bin) => label(bin).length));
  return bins.map((bin) => {
    const bar = '█'.repeat(Math.round((bin.count / most) * columns));
    return `${label(bin).padStart(widest)} ${bar}${bin.count > 0 ? ` ${bin.count}` : ''}`;
  });
}
