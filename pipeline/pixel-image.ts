/**
 * A picture in memory: RGB24, row-major, interleaved, shape [height, width, 3], values 0–255, no padding between rows
 * (`data.length === width * height * 3`).
 */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly format: 'rgb24';
  readonly data: Uint8Array;
}
