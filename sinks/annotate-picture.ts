import sharp from 'sharp';
import type { IdentifiedFace } from '../pipeline/face.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import { type EncodeJpegOptions, jpegOf, rawPicture } from './encode-jpeg.ts';

/** Colour and dash tell the three apart also for those who do not see the colours. */
const LOOKS = {
  known: { colour: '#35d07f', dash: null },
  unknown: { colour: '#ffb020', dash: [3, 1.5] },
  unfit: { colour: '#c9ced6', dash: [1, 1] },
} as const;

/** At the end of the list whatever font the machine has, also for names in other scripts. */
const FONTS = 'DejaVu Sans, Noto Sans, Noto Sans CJK SC, Liberation Sans, Arial, sans-serif';

/**
 * A JPEG of the frame with every face's box, landmarks and name burnt in. Names are drawn with the machine's fonts; see
 * `canDrawText`. The frame's pixels must not change until the promise settles.
 */
export async function annotatePicture(result: FrameResult, options: EncodeJpegOptions = {}): Promise<Buffer> {
  const picture = rawPicture(result.frame);
  if (result.faces.length > 0) picture.composite([{ input: Buffer.from(overlay(result)), left: 0, top: 0 }]);
  return jpegOf(picture, options);
}

let drawsText: Promise<boolean> | null = null;

/** False on a machine without any font, where names would be missing from the picture without a word. */
export function canDrawText(): Promise<boolean> {
  drawsText ??= sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><text y="28" font-size="28" font-family="${FONTS}">A</text></svg>`,
    ),
  )
    .extractChannel('alpha')
    .raw()
    .toBuffer()
    .then(
      (alpha) => alpha.some((value) => value > 0),
      () => false,
    );
  return drawsText;
}

/** An SVG of the frame's size. */
function overlay({ frame: { width, height }, faces }: FrameResult): string {
  // The same on a thumbnail and on a 4K frame.
  const unit = Math.max(1, Math.min(width, height) / 360);
  // The known ones last: where faces overlap, a name is not covered.
  const inOrder = [...faces].sort((a, b) => rank(a) - rank(b));
  const drawn = inOrder.map((face) => drawFace(face, unit, width, height)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn}</svg>`;
}

function rank({ status }: IdentifiedFace): number {
  return status === 'known' ? 2 : status === 'unknown' ? 1 : 0;
}

function drawFace(face: IdentifiedFace, unit: number, width: number, height: number): string {
  const { colour, dash } = LOOKS[face.status];
  const box = face.box.map((value) => (Number.isFinite(value) ? Math.round(value) : 0));
  const [x1, y1, x2, y2] = box as [number, number, number, number];
  const line = 2 * unit;
  const rectangle = `x="${x1}" y="${y1}" width="${Math.max(1, x2 - x1)}" height="${Math.max(1, y2 - y1)}" rx="${unit * 2}" fill="none"`;
  const dashes = dash ? ` stroke-dasharray="${dash.map((part) => part * line * 2).join(' ')}"` : '';
  // A dark line under the coloured one keeps it visible on a bright wall.
  const frame =
    `<rect ${rectangle} stroke="#000" stroke-opacity="0.55" stroke-width="${line * 2}"/>` +
    `<rect ${rectangle} stroke="${colour}" stroke-width="${line}"${dashes}/>`;
  const points = Object.values(face.landmarks)
    .filter((point) => point.every(Number.isFinite))
    .map(
      ([x, y]) =>
        `<circle cx="${x}" cy="${y}" r="${unit * 1.6}" fill="${colour}" stroke="#000" stroke-opacity="0.6" stroke-width="${unit * 0.7}"/>`,
    );
  return frame + points.join('') + label(face, { x1, y1, y2 }, colour, unit, width, height);
}

function label(
  face: IdentifiedFace,
  { x1, y1, y2 }: { x1: number; y1: number; y2: number },
  colour: string,
  unit: number,
  width: number,
  height: number,
): string {
  const size = 11 * unit;
  const text = caption(face);
  const boxHeight = size * 1.5;
  const boxWidth = Math.min(width, textWidth(text) * size + size);
  const x = Math.max(0, Math.min(x1, width - boxWidth));
  // Above the face; below where there is no room; inside where there is none either.
  const above = y1 - boxHeight - unit * 2;
  const below = y2 + unit * 2;
  const y = above >= 0 ? above : below + boxHeight <= height ? below : Math.max(0, y1 + unit * 2);
  return (
    `<rect x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}" rx="${unit * 2}" fill="#10141a" fill-opacity="0.82"/>` +
    `<text x="${x + size / 2}" y="${y + size * 1.1}" font-family="${FONTS}" font-size="${size}" font-weight="600" fill="${colour}">${escapeXml(text)}</text>`
  );
}

function caption({ status, subject, similarity, reason }: IdentifiedFace): string {
  if (status === 'known') return `${shorten(subject?.name ?? '')} ${similarity === null ? '' : similarity.toFixed(2)}`;
  return status === 'unknown' ? 'unknown' : `unfit: ${(reason ?? 'not measured').replaceAll('_', ' ')}`;
}

function shorten(name: string): string {
  const letters = [...name];
  return letters.length > 28 ? `${letters.slice(0, 27).join('')}…` : name;
}

/** In units of the font's size; generous, since the machine's font is not known. Wide scripts take a full square. */
function textWidth(text: string): number {
  let width = 0;
  for (const letter of text)
    width +=
      /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]/.test(letter) || letter > '\uffff'
        ? 1.05
        : 0.68;
  return width;
}

/** Names are whatever somebody typed: markup in them is text, and what XML cannot hold is left out. */
function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
