import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { InputChannels } from '../input-channels.ts';
import type { Region } from './crop-around.ts';

/**
 * Stretches a part of a picture to a square and writes it into a planar float tensor, normalised on the way. Bilinear
 * between the four nearest pixels, also where it shrinks, as OpenCV's default does: an anti-spoofing network judges
 * texture, and this is the texture it was trained on.
 *
 * @param region inside the picture.
 * @param side of the square, pixels.
 * @param out length 3 · side²; overwritten whole.
 */
export function resizeRegion(
  { data, width }: PixelImage,
  { x1, y1, x2, y2 }: Region,
  side: number,
  [red, green, blue]: InputChannels,
  out: Float32Array,
): void {
  const plane = side * side;
  const columns = neighbours(x1, x2, side);
  const rows = neighbours(y1, y2, side);
  const [r, g, b] = [red.plane * plane, green.plane * plane, blue.plane * plane];
  for (let y = 0, o = 0; y < side; y++) {
    const down = rows.share[y]!;
    const above = rows.first[y]! * width;
    const below = rows.second[y]! * width;
    for (let x = 0; x < side; x++, o++) {
      const right = columns.share[x]!;
      const [w01, w11] = [right * (1 - down), right * down];
      const [w00, w10] = [1 - down - w01, down - w11];
      const p00 = (above + columns.first[x]!) * 3;
      const p01 = (above + columns.second[x]!) * 3;
      const p10 = (below + columns.first[x]!) * 3;
      const p11 = (below + columns.second[x]!) * 3;
      const at = (colour: number) =>
        data[p00 + colour]! * w00 + data[p01 + colour]! * w01 + data[p10 + colour]! * w10 + data[p11 + colour]! * w11;
      out[r + o] = at(0) * red.scale + red.offset;
      out[g + o] = at(1) * green.scale + green.offset;
      out[b + o] = at(2) * blue.scale + blue.offset;
    }
  }
}

interface Neighbours {
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** Of `second`, 0..1. */
  readonly share: Float64Array;
}

/** For each of `count` pixels the two that it lies between; whole numbers are pixel centres. */
function neighbours(from: number, to: number, count: number): Neighbours {
  const [first, second, share] = [new Int32Array(count), new Int32Array(count), new Float64Array(count)];
  const step = (to - from) / count;
  for (let i = 0; i < count; i++) {
    const at = Math.min(Math.max((i + 0.5) * step - 0.5, 0), to - from - 1);
    const whole = Math.floor(at);
    first[i] = from + whole;
    second[i] = from + Math.min(whole + 1, to - from - 1);
    share[i] = at - whole;
  }
  return { first, second, share };
}
