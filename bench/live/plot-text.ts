import type { Plot } from './plot.ts';

const COLUMNS = 48;

/** The same plot for a terminal: a bar for each point, all series on one scale. */
export function plotText({ title, x, y, series, marks = [] }: Plot): string {
  const most = Math.max(0, ...series.flatMap((one) => one.points.map((point) => point[1])));
  const widest = Math.max(0, ...series.flatMap((one) => one.points.map((point) => number(point[0]).length)));
  const lines = [`${title} (${y} against ${x})`];
  for (const { name, points } of series) {
    lines.push(`  ${name}`);
    for (const [atX, atY] of points) {
      const bar = '█'.repeat(most > 0 ? Math.max(0, Math.round((atY / most) * COLUMNS)) : 0);
      lines.push(`  ${number(atX).padStart(widest)} ${bar}${bar === '' ? '' : ' '}${number(atY)}`);
    }
  }
  if (marks.length > 0)
    lines.push(
      `  ${marks.map((mark) => `${mark.name} at ${mark.y === undefined ? `${x} ${number(mark.x ?? 0)}` : `${y} ${number(mark.y)}`}`).join('; ')}`,
    );
  return lines.join('\n');
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
