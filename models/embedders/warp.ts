import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { InputChannels } from '../input-channels.ts';
import type { SimilarityTransform } from './similarity-transform.ts';

/**
 * Samples a square crop out of a picture into a planar float tensor, normalised on the way; bilinear, black outside.
 * A face larger than the crop is sampled on a finer grid whose values are averaged, so that fine texture does not alias.
 *
 * @param toPicture maps pixels of the crop to pixels of the picture (whole numbers are pixel centres, as in OpenCV).
 * @param side of the crop, pixels.
 * @param out length 3 · side²; overwritten whole.
 */
export function warpSquare(
  image: PixelImage,
  toPicture: SimilarityTransform,
  side: number,
  channels: InputChannels,
  out: Float32Array,
): void {
  const zoom = Math.hypot(toPicture.a, toPicture.b);
  const fine = Math.min(MOST_SAMPLES, Math.max(1, Math.round(zoom / ZOOM_PER_SAMPLE)));
  if (fine === 1) sample(image, toPicture, side, channels, out);
  else sampleFine(image, toPicture, side, fine, channels, out);
}

/** Samples along one side of a crop pixel; 16 in it serve faces of eight times the crop. */
const MOST_SAMPLES = 4;
/** Up to three picture pixels a crop pixel one sample is as good as nine (measured: cosine between the two 0.997). */
const ZOOM_PER_SAMPLE = 2;
const ONE = 65_536;

/** Positions are counted in 65,536ths of a pixel, their distance from one in 256ths: whole numbers are a quarter faster. */
function sample(
  { data, width, height }: PixelImage,
  { a, b, tx, ty }: SimilarityTransform,
  side: number,
  [red, green, blue]: InputChannels,
  out: Float32Array,
): void {
  const stride = width * 3;
  const [lastColumn, lastRow] = [width - 1, height - 1];
  const plane = side * side;
  const [r, g, b_] = [red.plane * plane, green.plane * plane, blue.plane * plane];
  // The four weights add up to 65,536.
  const [rScale, gScale, bScale] = [red.scale / ONE, green.scale / ONE, blue.scale / ONE];
  const [rOffset, gOffset, bOffset] = [red.offset, green.offset, blue.offset];
  const [stepX, stepY] = [Math.round(a * ONE), Math.round(b * ONE)];
  for (let y = 0, o = 0; y < side; y++) {
    let px = Math.round((tx - b * y) * ONE) | 0;
    let py = Math.round((ty + a * y) * ONE) | 0;
    for (let x = 0; x < side; x++, o++, px = (px + stepX) | 0, py = (py + stepY) | 0) {
      const left = px >> 16;
      const top = py >> 16;
      if (left >= 0 && top >= 0 && left < lastColumn && top < lastRow) {
        const u = (px >> 8) & 255;
        const v = (py >> 8) & 255;
        const w11 = u * v;
        const w01 = (u << 8) - w11;
        const w10 = (v << 8) - w11;
        const w00 = ONE - (u << 8) - w10;
        const p = top * stride + left * 3;
        const q = p + stride;
        out[r + o] = (data[p]! * w00 + data[p + 3]! * w01 + data[q]! * w10 + data[q + 3]! * w11) * rScale + rOffset;
        out[g + o] =
          (data[p + 1]! * w00 + data[p + 4]! * w01 + data[q + 1]! * w10 + data[q + 4]! * w11) * gScale + gOffset;
        out[b_ + o] =
          (data[p + 2]! * w00 + data[p + 5]! * w01 + data[q + 2]! * w10 + data[q + 5]! * w11) * bScale + bOffset;
      } else {
        out[r + o] = rOffset;
        out[g + o] = gOffset;
        out[b_ + o] = bOffset;
      }
    }
  }
}

/** `fine`² nearest samples a pixel: averaging as many makes interpolating each of them pointless. */
function sampleFine(
  { data, width, height }: PixelImage,
  { a, b, tx, ty }: SimilarityTransform,
  side: number,
  fine: number,
  [red, green, blue]: InputChannels,
  out: Float32Array,
): void {
  const stride = width * 3;
  const plane = side * side;
  const [r, g, b_] = [red.plane * plane, green.plane * plane, blue.plane * plane];
  const share = 1 / (fine * fine);
  const stepX = a / fine;
  const stepY = b / fine;
  for (let y = 0, o = 0; y < side; y++) {
    for (let x = 0; x < side; x++, o++) {
      let rSum = 0;
      let gSum = 0;
      let bSum = 0;
      for (let row = 0; row < fine; row++) {
        const gridX = x - 0.5 + 0.5 / fine;
        const gridY = y - 0.5 + (row + 0.5) / fine;
        // + 0.5: rounding to the nearest pixel below.
        let px = a * gridX - b * gridY + tx + 0.5;
        let py = b * gridX + a * gridY + ty + 0.5;
        for (let column = 0; column < fine; column++, px += stepX, py += stepY) {
          if (!(px >= 0 && py >= 0 && px < width && py < height)) continue;
          const p = (py | 0) * stride + (px | 0) * 3;
          rSum += data[p]!;
          gSum += data[p + 1]!;
          bSum += data[p + 2]!;
        }
      }
      out[r + o] = rSum * share * red.scale + red.offset;
      out[g + o] = gSum * share * green.scale + green.offset;
      out[b_ + o] = bSum * share * blue.scale + blue.offset;
    }
  }
}
