import type { Bar, Calibration } from './calibrate-gallery.ts';

const WIDTH = 720;
const HEIGHT = 420;
const PLOT = { left: 62, top: 40, right: 700, bottom: 360 };
const GENUINE = '#15803d';
const IMPOSTOR = '#c2410c';
/** Bars lower than this share of a curve's comparisons are not drawn: the scale ends here. */
const LEAST_SHARE = 1e-6;

/**
 * How similar templates are to their own subject and to others, as SVG: the share of comparisons in each step of cosine, on a
 * logarithmic scale, so that the tail that decides is seen; with the threshold of the settings and the fitted one.
 */
export function calibrationPlot({ bars, now, threshold, comparisons, genuineSearches }: Calibration): string {
  const all = [...bars.genuine, ...bars.impostor].map(({ from }) => from);
  const least = Math.max(-1, Math.floor(Math.min(0, ...all) * 10) / 10);
  const lowest = Math.max(LEAST_SHARE, 10 ** Math.floor(Math.log10(1 / Math.max(10, comparisons, genuineSearches))));
  const x = (cosine: number) => PLOT.left + ((cosine - least) / (1 - least)) * (PLOT.right - PLOT.left);
  const y = (share: number) =>
    PLOT.bottom - Math.max(0, 1 - Math.log10(share) / Math.log10(lowest)) * (PLOT.bottom - PLOT.top);
  const line = (x1: number, y1: number, x2: number, y2: number, style = 'stroke="#ddd"') =>
    `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" ${style}/>`;
  const text = (tx: number, ty: number, anchor: string, content: string, style = '') =>
    `<text x="${fixed(tx)}" y="${fixed(ty)}" text-anchor="${anchor}"${style}>${content}</text>`;
  const parts: string[] = [];
  for (let tenth = 2 * Math.ceil(least * 5); tenth <= 10; tenth += 2) {
    const at = x(tenth / 10);
    parts.push(line(at, PLOT.top, at, PLOT.bottom), text(at, PLOT.bottom + 18, 'middle', (tenth / 10).toFixed(1)));
  }
  for (let share = lowest; share <= 1.5; share *= 10) {
    parts.push(
      line(PLOT.left, y(share), PLOT.right, y(share)),
      text(PLOT.left - 8, y(share) + 4, 'end', percent(share)),
    );
  }
  if (threshold) {
    const [low, high] = threshold.interval;
    parts.push(
      `<rect x="${fixed(x(low))}" y="${PLOT.top}" width="${fixed(Math.max(0, x(high) - x(low)))}" height="${PLOT.bottom - PLOT.top}" fill="#0b6bcb" opacity="0.12"/>`,
    );
  }
  parts.push(
    curve(bars.impostor, comparisons, bars.width, IMPOSTOR, x, y),
    curve(bars.genuine, genuineSearches, bars.width, GENUINE, x, y),
  );
  const mark = (at: number, row: number, words: string, style: string) =>
    parts.push(line(x(at), PLOT.top, x(at), PLOT.bottom, style), text(x(at) + 5, PLOT.top + row, 'start', words));
  mark(now.threshold, 30, `now ${now.threshold}`, 'stroke="#555" stroke-dasharray="4 4"');
  if (threshold) mark(threshold.value, 14, `fitted ${threshold.value}`, 'stroke="#0b6bcb" stroke-width="2"');
  parts.push(
    text(
      PLOT.left,
      22,
      'start',
      `other subjects, ${comparisons.toLocaleString('en')} comparisons`,
      ` fill="${IMPOSTOR}"`,
    ),
    text(
      PLOT.right,
      22,
      'end',
      `own subject, ${genuineSearches.toLocaleString('en')} comparisons`,
      ` fill="${GENUINE}"`,
    ),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 16, 'middle', 'cosine similarity'),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">`,
    '<title>Similarity of templates to their own subject and to others</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function curve(
  bars: readonly Bar[],
  total: number,
  width: number,
  colour: string,
  x: (cosine: number) => number,
  y: (share: number) => number,
): string {
  const steps = bars.flatMap(({ from, count }) => {
    const top = count === 0 ? PLOT.bottom : y(count / total);
    return [`${fixed(x(from))},${fixed(top)}`, `${fixed(x(from + width))},${fixed(top)}`];
  });
  const [first, last] = [bars[0], bars.at(-1)];
  if (!first || !last) return '';
  const points = [`${fixed(x(first.from))},${PLOT.bottom}`, ...steps, `${fixed(x(last.from + width))},${PLOT.bottom}`];
  return `<polyline points="${points.join(' ')}" fill="${colour}" fill-opacity="0.15" stroke="${colour}" stroke-width="1.5"/>`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
