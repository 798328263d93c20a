import type { PixelImage } from '../pipeline/pixel-image.ts';
import type { InputChannels } from './input-channels.ts';

/** Square crops of one size, one below the other: a picture like any other to whatever carries pictures. */
export interface CropSheet extends PixelImage {
  /** Side of each crop; the height is a multiple of it. */
  readonly width: number;
}

/** @param crops each of `side`² RGB24 pixels. */
export function stackCrops(crops: readonly Uint8Array[], side: number): CropSheet {
  const bytes = side * side * 3;
  const data = new Uint8Array(crops.length * bytes);
  for (const [i, crop] of crops.entries()) data.set(crop, i * bytes);
  return { width: side, height: side * crops.length, format: 'rgb24', data };
}

/** How many crops stand on it. */
export function cropsOn({ width, height }: Pick<CropSheet, 'width' | 'height'>): number {
  return height / width;
}

/** The `index`-th crop: a view. */
export function cropAt(sheet: CropSheet, index: number): Uint8Array {
  const bytes = sheet.width * sheet.width * 3;
  return sheet.data.subarray(index * bytes, (index + 1) * bytes);
}

/** Whole-number pixels of a crop, normalised, into a planar float tensor. @param out length 3 · side². */
export function writeCrop(crop: Uint8Array, channels: InputChannels, out: Float32Array): void {
  const plane = crop.length / 3;
  for (const [colour, { plane: index, scale, offset }] of channels.entries()) {
    for (let i = 0, from = colour, to = index * plane; i < plane; i++, from += 3, to++) {
      out[to] = crop[from]! * scale + offset;
    }
  }
}

/** What `warpSquare` and `resizeRegion` write pixels as they are with: red, green and blue plane, 0–255. */
export const PLAIN_CHANNELS: InputChannels = [
  { plane: 0, scale: 1, offset: 0 },
  { plane: 1, scale: 1, offset: 0 },
  { plane: 2, scale: 1, offset: 0 },
];

/** @param planes red, green, blue, 0–255, each as long as the others. @returns the same as RGB24, rounded. */
export function packPlanes(planes: Float32Array): Uint8Array {
  const plane = planes.length / 3;
  const packed = new Uint8Array(planes.length);
  for (let colour = 0; colour < 3; colour++) {
    for (let i = 0, from = colour * plane, to = colour; i < plane; i++, from++, to += 3) {
      packed[to] = Math.round(planes[from]!);
    }
  }
  return packed;
}
