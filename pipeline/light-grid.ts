import type { PixelImage } from './pixel-image.ts';

/** The picture in so many cells. A cell of a picture of 1280×720 is 40×40, about the smallest face that is worth a look. */
const COLUMNS = 32;
const ROWS = 18;
/** Each cell is looked at in so many places across and down; their mean hardly knows noise. */
const LOOKS = 5;

/** The mean green of each cell, 0..255, row by row. */
export type LightGrid = Float32Array;

/** @param image RGB24 of any size; not retained. About 0.05 ms. */
export function lightGrid({ width, height, data }: PixelImage): LightGrid {
  const grid = new Float32Array(COLUMNS * ROWS);
  const across = width / (COLUMNS * LOOKS);
  const down = height / (ROWS * LOOKS);
  for (let y = 0; y < ROWS * LOOKS; y += 1) {
    const line = Math.floor((y + 0.5) * down) * width;
    // Every row looks at other columns, so that no vertical line is missed.
    const shift = ((y * 5) % 16) / 16;
    const row = Math.floor(y / LOOKS) * COLUMNS;
    for (let x = 0; x < COLUMNS * LOOKS; x += 1) {
      grid[row + Math.floor(x / LOOKS)]! += data[(line + Math.floor((x + shift) * across)) * 3 + 1]!;
    }
  }
  for (let i = 0; i < grid.length; i += 1) grid[i]! /= LOOKS * LOOKS;
  return grid;
}

// Levels of 0..255. Measured on the clips and the night scenes of test/pipeline/motion-gate-clips.test.ts.
/** Less than this is never a change: an encoder's own flicker. */
const LEAST = 4;
/** More than this always is one, however noisy the rest. */
const MOST = 14;
/** In between it is what lies so many standard deviations beyond the picture's own noise. */
const DEVIATIONS = 7;
/** Of a normal distribution, the median of the distances from its middle. */
const MEDIAN_DISTANCE = 0.6745;

/**
 * Whether anything in the picture is not as it was. What all cells do alike (a cloud, the camera's exposure) is no change unless it is
 * much; noise is what most cells show, by the median, so that somebody in half of the picture is none.
 */
export function isOtherLight(before: LightGrid, now: LightGrid): boolean {
  const differences = now.map((light, i) => light - before[i]!);
  const common = median(differences);
  if (Math.abs(common) > MOST) return true;
  const distances = differences.map((difference) => Math.abs(difference - common));
  const noise = median(distances) / MEDIAN_DISTANCE;
  const most = Math.min(MOST, Math.max(LEAST, DEVIATIONS * noise));
  return distances.some((distance) => distance > most);
}

function median(values: Float32Array): number {
  return values.slice().sort()[values.length >> 1]!;
}
