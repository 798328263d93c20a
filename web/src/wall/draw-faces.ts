import type { LiveFace } from '../api/live-message.ts';
import { boxInArea, type Fit, placeLabel, pointInArea, type Rect, type Size } from './face-geometry.ts';
import { faceLabel } from './face-words.ts';

/** What of a canvas context is used; units are CSS pixels. */
export interface Pen {
  lineWidth: number;
  lineCap: CanvasCap;
  strokeStyle: unknown;
  fillStyle: unknown;
  font: string;
  textBaseline: CanvasBaseline;
  setLineDash(segments: number[]): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  beginPath(): void;
  arc(x: number, y: number, radius: number, start: number, end: number): void;
  fill(): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { width: number };
}
type CanvasCap = 'butt' | 'round' | 'square';
type CanvasBaseline = 'top' | 'hanging' | 'middle' | 'alphabetic' | 'ideographic' | 'bottom';

/** What was drawn for one face, in CSS pixels of the canvas. */
export interface DrawnFace {
  readonly status: LiveFace['status'];
  readonly box: Rect;
  readonly label: string;
}

/** Told apart by the line as well as by the colour: whole, dashed, dotted. The same over any theme: they lie on a picture. */
export const FACE_STYLES: Record<LiveFace['status'], { colour: string; dash: number[]; width: number }> = {
  known: { colour: '#45e096', dash: [], width: 2.5 },
  unknown: { colour: '#ffc44d', dash: [9, 5], width: 2 },
  unfit: { colour: '#d3dae2', dash: [2, 4], width: 1.5 },
};

const HALO = 'rgba(0, 0, 0, 0.62)';
const PLATE = 'rgba(8, 11, 14, 0.78)';
const INK = '#06130c';
const FONT = 'ui-sans-serif, system-ui, sans-serif';
/** Narrower pictures get one-line labels. */
const NARROW_PX = 460;
const LONGEST_PX = 190;

/** Boxes, landmarks and labels of one frame, over its picture that lies in `area` as `fit` says. */
export function drawFaces(pen: Pen, faces: readonly LiveFace[], fit: Fit, area: Size): DrawnFace[] {
  const narrow = area.width < NARROW_PX;
  // Known faces are drawn last: they lie on top, but their labels choose their places first.
  const order: LiveFace['status'][] = ['known', 'unknown', 'unfit'];
  const ranked = [...faces].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const boxes = new Map(faces.map((face) => [face, boxInArea(face.bbox, fit)]));

  for (const face of [...ranked].reverse()) {
    drawBox(pen, boxes.get(face)!, face.status);
    drawLandmarks(pen, face, fit, boxes.get(face)!);
  }
  const taken: Rect[] = [];
  const labels = new Map<LiveFace, string>();
  for (const face of ranked) labels.set(face, drawLabel(pen, face, boxes, area, narrow, taken));
  return faces.map((face) => ({ status: face.status, box: boxes.get(face)!, label: labels.get(face)! }));
}

function drawBox(pen: Pen, box: Rect, status: LiveFace['status']): void {
  const style = FACE_STYLES[status];
  // A thick line would hide a small face.
  const width = Math.min(style.width, Math.max(1.25, box.width / 16));
  pen.lineCap = 'butt';
  pen.setLineDash([]);
  pen.strokeStyle = HALO;
  pen.lineWidth = width + 2;
  pen.strokeRect(box.x, box.y, box.width, box.height);
  pen.setLineDash(style.dash);
  pen.strokeStyle = style.colour;
  pen.lineWidth = width;
  pen.strokeRect(box.x, box.y, box.width, box.height);
  pen.setLineDash([]);
}

function drawLandmarks(pen: Pen, face: LiveFace, fit: Fit, box: Rect): void {
  // Dots on a tiny face would be the whole face.
  if (!face.keypoints || box.width < 28) return;
  const radius = Math.min(2.4, Math.max(1.2, box.width / 50));
  for (const point of Object.values(face.keypoints)) {
    const [x, y] = pointInArea(point, fit);
    pen.fillStyle = HALO;
    pen.beginPath();
    pen.arc(x, y, radius + 0.9, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = FACE_STYLES[face.status].colour;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
}

function drawLabel(
  pen: Pen,
  face: LiveFace,
  boxes: ReadonlyMap<LiveFace, Rect>,
  area: Size,
  narrow: boolean,
  taken: Rect[],
): string {
  const { title, detail } = faceLabel(face, narrow);
  const colour = FACE_STYLES[face.status].colour;
  const fontSize = narrow ? 11 : 13;
  const titleFont = `600 ${fontSize}px ${FONT}`;
  const detailFont = `${fontSize - 1}px ${FONT}`;
  const most = Math.min(LONGEST_PX, area.width - 12);
  pen.textBaseline = 'middle';

  pen.font = titleFont;
  const titleText = shorten(pen, title, most);
  const titleWidth = pen.measureText(titleText).width;
  pen.font = detailFont;
  const detailText =
    detail === null ? '' : shorten(pen, detail, narrow ? Math.max(40, most - titleWidth - 6) : most + 60);
  const detailWidth = detailText === '' ? 0 : pen.measureText(detailText).width;

  const line = fontSize + 6;
  const twoLines = !narrow && detailText !== '';
  const gap = face.status === 'known' ? 13 : 6;
  const width =
    10 + (twoLines ? Math.max(titleWidth, detailWidth) : titleWidth + (detailText === '' ? 0 : gap + detailWidth));
  const others = [...boxes].filter(([other]) => other !== face).map(([, box]) => box);
  const size = { width, height: twoLines ? 2 * line - 2 : line };
  const place = placeLabel(boxes.get(face)!, size, area, taken, others);
  taken.push(place);

  // A known name stands on its colour; the others on a dark plate: the difference holds without colour.
  const solid = face.status === 'known';
  pen.fillStyle = PLATE;
  pen.fillRect(place.x, place.y, place.width, place.height);
  if (solid) {
    pen.fillStyle = colour;
    pen.fillRect(place.x, place.y, twoLines ? place.width : titleWidth + 10, line);
  }
  pen.font = titleFont;
  pen.fillStyle = solid ? INK : colour;
  pen.fillText(titleText, place.x + 5, place.y + line / 2 + 0.5);
  if (detailText !== '') {
    pen.font = detailFont;
    pen.fillStyle = '#f2f5f8';
    if (twoLines) pen.fillText(detailText, place.x + 5, place.y + line * 1.5 - 1);
    else pen.fillText(detailText, place.x + 5 + titleWidth + gap, place.y + line / 2 + 0.5);
  }
  return detail === null ? title : `${title} ${detail}`;
}

function shorten(pen: Pen, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  let kept = text;
  while (kept.length > 1 && pen.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}…`;
}
