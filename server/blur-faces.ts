import type { Box } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import type { Step } from './load-steps.ts';

/** The box ends at chin and forehead; hair, ears and jaw say much of a person. Share of the box added on each side. */
const GROW = 0.2;
/** So few blocks across a face that nothing of its shape is left to undo or to recognise. */
const BLOCKS = 6;

/** The bundled step `blur`: every face becomes coarse blocks of its average colours, which cannot be undone. */
export const blurFaces: Step = {
  name: 'blur',
  apply(image, faces) {
    for (const { box } of faces) pixelate(image, grow(box));
    return image;
  },
};

function grow([x1, y1, x2, y2]: Box): Box {
  const dx = (x2 - x1) * GROW;
  const dy = (y2 - y1) * GROW;
  return [x1 - dx, y1 - dy, x2 + dx, y2 + dy];
}

function pixelate(image: PixelImage, [left, top, right, bottom]: Box): void {
  const x1 = Math.max(0, Math.floor(left));
  const y1 = Math.max(0, Math.floor(top));
  const x2 = Math.min(image.width, Math.ceil(right));
  const y2 = Math.min(image.height, Math.ceil(bottom));
  const side = Math.max(1, Math.ceil(Math.max(right - left, bottom - top) / BLOCKS));
  for (let y = y1; y < y2; y += side) {
    for (let x = x1; x < x2; x += side) average(image, x, y, Math.min(x + side, x2), Math.min(y + side, y2));
  }
}

function average({ data, width }: PixelImage, x1: number, y1: number, x2: number, y2: number): void {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let y = y1; y < y2; y += 1) {
    for (let at = (y * width + x1) * 3, end = (y * width + x2) * 3; at < end; at += 3) {
      red += data[at] as number;
      green += data[at + 1] as number;
      blue += data[at + 2] as number;
    }
  }
  const pixels = (x2 - x1) * (y2 - y1);
  const colour = [Math.round(red / pixels), Math.round(green / pixels), Math.round(blue / pixels)] as const;
  for (let y = y1; y < y2; y += 1) {
    for (let at = (y * width + x1) * 3, end = (y * width + x2) * 3; at < end; at += 3) data.set(colour, at);
  }
}
