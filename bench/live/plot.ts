export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly as: 'line' | 'bars';
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Lines across the picture: what should not be passed. */
  readonly marks?: readonly { readonly name: string; readonly y?: number; readonly x?: number }[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 60;
const COLOURS = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df'];

/** A picture of figures as SVG, with axes from nought, for a page. */
export function plotSvg({ title, x, y, series, marks = [] }: Plot): string {
  const points = series.flatMap((one) => one.points);
  const most = (of: 0 | 1, marked: readonly (number | undefined)[]) =>
    niceMost(Math.max(0, ...points.map((point) => point[of]), ...marked.map((value) => value ?? 0)));
  const right = most(
    0,
    marks.map((mark) => mark.x),
  );
  const top = most(
    1,
    marks.map((mark) => mark.y),
  );
  const atX = (value: number) => LEFT + (value / right) * (WIDTH - LEFT - RIGHT);
  const atY = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const bar = (one: Series) => {
    const gaps = one.points.slice(1).map((point, i) => point[0] - one.points[i]![0]);
    return Math.max(1, 0.8 * (atX(Math.min(right / 10, ...gaps)) - LEFT));
  };
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="15">${escaped(title)}</text>`,
    ...ticks(top).map(
      (value) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(atY(value))}" y2="${px(atY(value))}" stroke="#ddd"/>` +
        `<text x="${LEFT - 6}" y="${px(atY(value) + 4)}" text-anchor="end">${tick(value)}</text>`,
    ),
    ...ticks(right).map(
      (value) => `<text x="${px(atX(value))}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick(value)}</text>`,
    ),
    `<text x="${WIDTH / 2}" y="${HEIGHT - 22}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(18 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
    ...series.flatMap((one, i) => {
      const colour = COLOURS[i % COLOURS.length]!;
      if (one.as === 'bars') {
        const width = bar(one);
        return one.points.map(
          (point) =>
            `<rect x="${px(atX(point[0]) - width / 2)}" y="${px(atY(point[1]))}" width="${px(width)}" height="${px(atY(0) - atY(point[1]))}" fill="${colour}"/>`,
        );
      }
      const path = one.points.map((point) => `${px(atX(point[0]))},${px(atY(point[1]))}`);
      return [
        `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...one.points.map(
          (point) => `<circle cx="${px(atX(point[0]))}" cy="${px(atY(point[1]))}" r="3" fill="${colour}"/>`,
        ),
      ];
    }),
    ...marks.map(({ name, x: markX, y: markY }) =>
      markY === undefined
        ? `<line x1="${px(atX(markX ?? 0))}" x2="${px(atX(markX ?? 0))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#666" stroke-dasharray="5 4"/>` +
          `<text x="${px(atX(markX ?? 0) - 4)}" y="${TOP + 12}" text-anchor="end" fill="#666">${escaped(name)}</text>`
        : `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(atY(markY))}" y2="${px(atY(markY))}" stroke="#666" stroke-dasharray="5 4"/>` +
          `<text x="${WIDTH - RIGHT}" y="${px(atY(markY) - 4)}" text-anchor="end" fill="#666">${escaped(name)}</text>`,
    ),
    ...series.map(
      (one, i) =>
        `<text x="${LEFT + 10 + i * 190}" y="${HEIGHT - 6}" fill="${COLOURS[i % COLOURS.length]}">■ ${escaped(one.name)}</text>`,
    ),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** The next half of a power of ten at or above `value`, so that the ticks are short. */
function niceMost(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return Math.ceil((value / power) * 2) * (power / 2);
}

function ticks(most: number): number[] {
  return Array.from({ length: 6 }, (_, i) => (most * i) / 5);
}

function tick(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function px(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
