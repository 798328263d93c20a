import type { InputChannels } from '../input-channels.ts';
import type { Letterbox, Size } from './letterbox.ts';

/**
 * Scales RGB24 pixels into the corner of a planar float tensor, normalised on the way: shape [3, canvas height, canvas
 * width], everything outside the content is `padding`.
 *
 * Whole-number reductions (1280×720 → 640×360) average all pixels of each cell. Others first average by the whole part
 * of the ratio, then interpolate the rest, so that no source pixel is skipped. Enlarging interpolates.
 * The tables are made once for a pair of sizes; nothing is allocated per picture.
 */
export class PlanarResize {
  readonly #from: Size;
  readonly #to: Letterbox;
  readonly #channels: InputChannels;
  readonly #padding: readonly [number, number, number];
  /** Whole-number reduction that comes first. */
  readonly #cell: number;
  /** The picture after it; null where it is the result already or there is none. */
  readonly #reduced: Uint8Array | null;
  readonly #reducedSize: Size;
  readonly #columns: Interpolation | null;
  readonly #rows: Interpolation | null;

  /** @param padding value of each plane outside the content, after normalisation. */
  constructor(from: Size, to: Letterbox, channels: InputChannels, padding: readonly [number, number, number]) {
    this.#from = from;
    this.#to = to;
    this.#channels = channels;
    this.#padding = padding;
    const { content } = to;
    const ratioX = from.width / content.width;
    const ratioY = from.height / content.height;
    this.#cell = Math.max(1, Math.floor(Math.min(ratioX, ratioY)));
    const exact = ratioX === this.#cell && ratioY === this.#cell;
    this.#reducedSize = { width: Math.floor(from.width / this.#cell), height: Math.floor(from.height / this.#cell) };
    this.#reduced =
      exact || this.#cell === 1 ? null : new Uint8Array(this.#reducedSize.width * this.#reducedSize.height * 3);
    this.#columns = exact ? null : interpolation(content.width, ratioX / this.#cell, this.#reducedSize.width);
    this.#rows = exact ? null : interpolation(content.height, ratioY / this.#cell, this.#reducedSize.height);
  }

  /**
   * @param pixels RGB24 of the size given at construction; only read.
   * @param out the tensor's data, length 3 · canvas width · canvas height; overwritten whole.
   */
  write(pixels: Uint8Array, out: Float32Array): void {
    this.#pad(out);
    if (this.#columns && this.#rows) {
      let source = pixels;
      if (this.#reduced) {
        average(pixels, this.#from.width, this.#cell, this.#reducedSize, this.#reduced);
        source = this.#reduced;
      }
      this.#interpolate(source, this.#reducedSize.width, this.#columns, this.#rows, out);
      return;
    }
    const words = this.#cell === 2 ? asWords(pixels, this.#from.width) : null;
    if (words) this.#halve(words, out);
    else this.#averageCells(pixels, out);
  }

  #pad(out: Float32Array): void {
    const { canvas, content } = this.#to;
    const plane = canvas.width * canvas.height;
    for (let p = 0; p < 3; p++) {
      const value = this.#padding[p] as number;
      out.fill(value, p * plane + content.height * canvas.width, (p + 1) * plane);
      if (content.width === canvas.width) continue;
      for (let y = 0; y < content.height; y++) {
        const row = p * plane + y * canvas.width;
        out.fill(value, row + content.width, row + canvas.width);
      }
    }
  }

  /**
   * The usual camera's case. Four pixels are three 32-bit words; a word's first and third byte, and its second and fourth,
   * are added to those of the row below in one addition each: a quarter less time than byte by byte.
   *
   * @param words the picture's pixels, little-endian.
   */
  #halve(words: Int32Array, out: Float32Array): void {
    const { canvas, content } = this.#to;
    const [red, green, blue] = this.#channels;
    const plane = canvas.width * canvas.height;
    const [r, g, b] = [red.plane * plane, green.plane * plane, blue.plane * plane];
    const [rScale, gScale, bScale] = [red.scale / 4, green.scale / 4, blue.scale / 4];
    const [rOffset, gOffset, bOffset] = [red.offset, green.offset, blue.offset];
    const stride = (this.#from.width * 3) / 4;
    for (let y = 0; y < content.height; y++) {
      let top = 2 * y * stride;
      let low = top + stride;
      let o = y * canvas.width;
      for (const end = o + content.width; o < end; o += 2, top += 3, low += 3) {
        const t0 = words[top]!;
        const t1 = words[top + 1]!;
        const t2 = words[top + 2]!;
        const l0 = words[low]!;
        const l1 = words[low + 1]!;
        const l2 = words[low + 2]!;
        // R0 G0 B0 R1 | G1 B1 R2 G2 | B2 R3 G3 B3, as sums of both rows: name low half, name high half.
        const r0b0 = (t0 & 0xff00ff) + (l0 & 0xff00ff);
        const g0r1 = ((t0 >> 8) & 0xff00ff) + ((l0 >> 8) & 0xff00ff);
        const g1r2 = (t1 & 0xff00ff) + (l1 & 0xff00ff);
        const b1g2 = ((t1 >> 8) & 0xff00ff) + ((l1 >> 8) & 0xff00ff);
        const b2g3 = (t2 & 0xff00ff) + (l2 & 0xff00ff);
        const r3b3 = ((t2 >> 8) & 0xff00ff) + ((l2 >> 8) & 0xff00ff);
        out[r + o] = ((r0b0 & 0xffff) + (g0r1 >> 16)) * rScale + rOffset;
        out[g + o] = ((g0r1 & 0xffff) + (g1r2 & 0xffff)) * gScale + gOffset;
        out[b + o] = ((r0b0 >> 16) + (b1g2 & 0xffff)) * bScale + bOffset;
        out[r + o + 1] = ((g1r2 >> 16) + (r3b3 & 0xffff)) * rScale + rOffset;
        out[g + o + 1] = ((b1g2 >> 16) + (b2g3 >> 16)) * gScale + gOffset;
        out[b + o + 1] = ((b2g3 & 0xffff) + (r3b3 >> 16)) * bScale + bOffset;
      }
    }
  }

  #averageCells(pixels: Uint8Array, out: Float32Array): void {
    const { canvas, content } = this.#to;
    const [red, green, blue] = this.#channels;
    const plane = canvas.width * canvas.height;
    const [r, g, b] = [red.plane * plane, green.plane * plane, blue.plane * plane];
    const cell = this.#cell;
    const area = cell * cell;
    const [rScale, gScale, bScale] = [red.scale / area, green.scale / area, blue.scale / area];
    const stride = this.#from.width * 3;
    for (let y = 0; y < content.height; y++) {
      let corner = y * cell * stride;
      let o = y * canvas.width;
      for (const end = o + content.width; o < end; o++, corner += 3 * cell) {
        let rSum = 0;
        let gSum = 0;
        let bSum = 0;
        for (let row = 0, start = corner; row < cell; row++, start += stride) {
          for (let p = start, last = start + 3 * cell; p < last; p += 3) {
            rSum += pixels[p]!;
            gSum += pixels[p + 1]!;
            bSum += pixels[p + 2]!;
          }
        }
        out[r + o] = rSum * rScale + red.offset;
        out[g + o] = gSum * gScale + green.offset;
        out[b + o] = bSum * bScale + blue.offset;
      }
    }
  }

  #interpolate(
    pixels: Uint8Array,
    width: number,
    columns: Interpolation,
    rows: Interpolation,
    out: Float32Array,
  ): void {
    const { canvas, content } = this.#to;
    const [red, green, blue] = this.#channels;
    const plane = canvas.width * canvas.height;
    const [r, g, b] = [red.plane * plane, green.plane * plane, blue.plane * plane];
    const stride = width * 3;
    for (let y = 0; y < content.height; y++) {
      const top = rows.first[y]! * stride;
      const low = rows.second[y]! * stride;
      const down = rows.share[y]!;
      let o = y * canvas.width;
      for (let x = 0; x < content.width; x++, o++) {
        const left = columns.first[x]! * 3;
        const right = columns.second[x]! * 3;
        const across = columns.share[x]!;
        const w11 = across * down;
        const w01 = across - w11;
        const w10 = down - w11;
        const w00 = 1 - across - w10;
        const a = top + left;
        const c = top + right;
        const d = low + left;
        const e = low + right;
        out[r + o] =
          (pixels[a]! * w00 + pixels[c]! * w01 + pixels[d]! * w10 + pixels[e]! * w11) * red.scale + red.offset;
        out[g + o] =
          (pixels[a + 1]! * w00 + pixels[c + 1]! * w01 + pixels[d + 1]! * w10 + pixels[e + 1]! * w11) * green.scale +
          green.offset;
        out[b + o] =
          (pixels[a + 2]! * w00 + pixels[c + 2]! * w01 + pixels[d + 2]! * w10 + pixels[e + 2]! * w11) * blue.scale +
          blue.offset;
      }
    }
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The same memory as 32-bit words; null where rows or the picture do not start on one. */
function asWords(pixels: Uint8Array, width: number): Int32Array | null {
  if (!LITTLE_ENDIAN || width % 4 !== 0 || pixels.byteOffset % 4 !== 0) return null;
  return new Int32Array(pixels.buffer, pixels.byteOffset, pixels.byteLength / 4);
}

/** Each result lies between source positions `first` and `second`, `share` of the way. */
interface Interpolation {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float32Array;
}

/** Pixel centres map to pixel centres: result i lies at (i + 0.5) · ratio − 0.5; the border repeats. */
function interpolation(count: number, ratio: number, available: number): Interpolation {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const share = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = Math.min(Math.max((i + 0.5) * ratio - 0.5, 0), available - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i]! + 1, available - 1);
    share[i] = at - first[i]!;
  }
  return { first, second, share };
}

/** Averages cells of `cell`×`cell` pixels; what is left over at the right and bottom border is not used. */
function average(pixels: Uint8Array, width: number, cell: number, size: Size, out: Uint8Array): void {
  const stride = width * 3;
  const area = cell * cell;
  const half = area >> 1;
  for (let y = 0, o = 0; y < size.height; y++) {
    let corner = y * cell * stride;
    for (let x = 0; x < size.width; x++, o += 3, corner += 3 * cell) {
      let r = half;
      let g = half;
      let b = half;
      for (let row = 0, start = corner; row < cell; row++, start += stride) {
        for (let p = start, last = start + 3 * cell; p < last; p += 3) {
          r += pixels[p]!;
          g += pixels[p + 1]!;
          b += pixels[p + 2]!;
        }
      }
      out[o] = r / area;
      out[o + 1] = g / area;
      out[o + 2] = b / area;
    }
  }
}
