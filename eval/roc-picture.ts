export interface RocCurve {
  readonly name: string;
  /** Ascending by FAR. */
  readonly points: readonly (readonly [far: number, tar: number])[];
}

const WIDTH = 720;
const HEIGHT = 440;
const PLOT = { left: 62, top: 16, right: 700, bottom: 384 };
const LEAST_FAR = 1e-6;
const COLOURS = ['#0b6bcb', '#c2410c', '#15803d', '#7e22ce'];

/** True against false accept rate as SVG: the rate of strangers on a logarithmic scale, that of genuine pairs from `leastTar` up. */
export function rocPicture(curves: readonly RocCurve[]): string {
  const lowest = Math.min(
    ...curves.flatMap(({ points }) => points.filter(([far]) => far >= LEAST_FAR).map(([, tar]) => tar)),
  );
  const leastTar = Math.max(0, Math.floor(lowest * 10) / 10);
  const x = (far: number) => PLOT.right + (Math.log10(far) / -Math.log10(LEAST_FAR)) * (PLOT.right - PLOT.left);
  const y = (tar: number) => PLOT.bottom - ((tar - leastTar) / (1 - leastTar)) * (PLOT.bottom - PLOT.top);
  const line = (x1: number, y1: number, x2: number, y2: number, style = 'stroke="#ddd"') =>
    `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" ${style}/>`;
  const text = (tx: number, ty: number, anchor: string, content: string) =>
    `<text x="${fixed(tx)}" y="${fixed(ty)}" text-anchor="${anchor}">${markup(content)}</text>`;
  const parts: string[] = [];
  for (let decade = -6; decade <= 0; decade += 1) {
    const at = x(10 ** decade);
    parts.push(
      line(at, PLOT.top, at, PLOT.bottom),
      text(at, PLOT.bottom + 18, 'middle', decade === 0 ? '1' : `1e${decade}`),
    );
  }
  const step = 1 - leastTar > 0.3 ? 0.1 : 0.02;
  for (let i = 0; leastTar + i * step < 1 + step / 2; i += 1) {
    const tar = leastTar + i * step;
    parts.push(
      line(PLOT.left, y(tar), PLOT.right, y(tar)),
      text(PLOT.left - 8, y(tar) + 4, 'end', `${(tar * 100).toFixed(0)} %`),
    );
  }
  parts.push(line(x(1e-3), PLOT.top, x(1e-3), PLOT.bottom, 'stroke="#555" stroke-dasharray="4 4"'));
  parts.push(text((PLOT.left + PLOT.right) / 2, HEIGHT - 12, 'middle', 'strangers accepted (FAR)'));
  parts.push(`<text transform="translate(14 200) rotate(-90)" text-anchor="middle">same person accepted (TAR)</text>`);
  for (const [i, { name, points }] of curves.entries()) {
    const colour = COLOURS[i % COLOURS.length];
    const shown = points.filter(([far]) => far >= LEAST_FAR).map(([far, tar]) => `${fixed(x(far))},${fixed(y(tar))}`);
    parts.push(`<polyline points="${shown.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    const row = PLOT.bottom - 18 - 20 * (curves.length - 1 - i);
    parts.push(line(430, row - 4, 458, row - 4, `stroke="${colour}" stroke-width="2"`), text(466, row, 'start', name));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">`,
    '<title>ROC: share of genuine pairs accepted over share of impostor pairs accepted</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function markup(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
