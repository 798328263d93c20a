import type { PixelImage } from '../../pipeline/pixel-image.ts';

/** The picture is looked at in so many places, in blocks of 10×10. */
const COLUMNS = 160;
const ROWS = 90;
const BLOCK = 10;
const BLOCKS_ACROSS = COLUMNS / BLOCK;
const BLOCKS = BLOCKS_ACROSS * (ROWS / BLOCK);

/** The green of 160×90 pixels, spread evenly: enough to tell one picture from the next. */
export type PictureSignature = Uint8Array;

/** How far two pictures are apart, in levels of 0..255. */
export interface PictureDifference {
  /** Mean over the picture. */
  readonly mean: number;
  /** Mean of the block (a sixteenth by a ninth of the picture) that differs most: what moves is small, and noise is everywhere. */
  readonly block: number;
}

/** @param image RGB24 of any size; not retained. About 0.05 ms. */
export function pictureSignature({ width, height, data }: PixelImage): PictureSignature {
  const signature = new Uint8Array(COLUMNS * ROWS);
  const across = width / COLUMNS;
  const down = height / ROWS;
  let at = 0;
  for (let row = 0; row < ROWS; row += 1) {
    const line = Math.floor((row + 0.5) * down) * width;
    // Every row looks at other columns, so that no vertical line is missed.
    const shift = ((row * 5) % 16) / 16;
    for (let column = 0; column < COLUMNS; column += 1) {
      signature[at] = data[(line + Math.floor((column + shift) * across)) * 3 + 1]!;
      at += 1;
    }
  }
  return signature;
}

export function pictureDifference(a: PictureSignature, b: PictureSignature): PictureDifference {
  let sum = 0;
  let most = 0;
  for (let block = 0; block < BLOCKS; block += 1) {
    const inBlock = blockDifference(a, b, block);
    sum += inBlock;
    if (inBlock > most) most = inBlock;
  }
  return { mean: sum / (COLUMNS * ROWS), block: most / (BLOCK * BLOCK) };
}

/** Whether no block differs by more than `block` levels; looks no further than the first that does. */
export function isAlike(a: PictureSignature, b: PictureSignature, block: number): boolean {
  for (let at = 0; at < BLOCKS; at += 1) if (blockDifference(a, b, at) > block * BLOCK * BLOCK) return false;
  return true;
}

function blockDifference(a: PictureSignature, b: PictureSignature, block: number): number {
  const top = Math.floor(block / BLOCKS_ACROSS) * BLOCK * COLUMNS + (block % BLOCKS_ACROSS) * BLOCK;
  let sum = 0;
  for (let row = 0; row < BLOCK; row += 1) {
    const from = top + row * COLUMNS;
    for (let at = from; at < from + BLOCK; at += 1) {
      const difference = a[at]! - b[at]!;
      sum += difference < 0 ? -difference : difference;
    }
  }
  return sum;
}
