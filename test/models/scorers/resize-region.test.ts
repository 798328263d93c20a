import { describe, expect, it } from 'vitest';
import { inputChannels } from '../../../models/input-channels.ts';
import { resizeRegion } from '../../../models/scorers/resize-region.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';

const bgr = inputChannels({ channelOrder: 'bgr', mean: [0, 0, 0], std: [1, 1, 1] });

/** Red grows to the right, green downwards, blue is 7. */
function ramp(width: number, height: number): PixelImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x * 10, y * 10, 7], (y * width + x) * 3);
  return { width, height, format: 'rgb24', data };
}

describe('resizeRegion', () => {
  it('copies a region of the size of the square, blue first', () => {
    const out = new Float32Array(12);
    resizeRegion(ramp(5, 4), { x1: 2, y1: 1, x2: 4, y2: 3 }, 2, bgr, out);
    expect([...out]).toEqual([7, 7, 7, 7, 10, 10, 20, 20, 20, 30, 20, 30]);
  });

  it('takes the four nearest pixels where it shrinks, as OpenCV does', () => {
    const out = new Float32Array(12);
    resizeRegion(ramp(8, 8), { x1: 0, y1: 0, x2: 8, y2: 8 }, 2, bgr, out);
    // Middle of pixels 1 and 2, and of 5 and 6.
    expect([...out.subarray(8)]).toEqual([15, 55, 15, 55]);
  });

  it('stretches a region that is not square', () => {
    const out = new Float32Array(12);
    resizeRegion(ramp(8, 4), { x1: 0, y1: 0, x2: 8, y2: 4 }, 2, bgr, out);
    expect([...out.subarray(8)]).toEqual([15, 55, 15, 55]);
    expect([...out.subarray(4, 8)]).toEqual([5, 5, 25, 25]);
  });

  it('repeats the border where it enlarges, and never looks outside the region', () => {
    const out = new Float32Array(3 * 16);
    resizeRegion(ramp(5, 5), { x1: 1, y1: 1, x2: 3, y2: 3 }, 4, bgr, out);
    expect([...out.subarray(32, 36)]).toEqual([10, 12.5, 17.5, 20]);
  });
});
