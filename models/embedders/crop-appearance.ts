import type { InputChannels } from '../input-channels.ts';
import type { AlignmentTemplate } from './templates.ts';

/** What can be seen of a face in its aligned crop, whoever it is. */
export interface CropAppearance {
  /** Mean luma (Rec. 601) of the face, 0–255. */
  readonly brightness: number;
  /** Standard deviation of its luma, 0–127. */
  readonly contrast: number;
  /** Mean luma of the darker half of the face over that of the lighter one, 0..1. */
  readonly evenness: number;
  /**
   * Energy of the second derivative over that of the first one, between cells of about a ninth of the distance of the eyes:
   * how fine the finest detail is, whatever the contrast. About 4 for a clear face, 1.4 where every other face is still
   * recognised, 0.7 where none is; 0 where there is nothing to see. Cells, since sensor noise is finer than they are.
   */
  readonly sharpness: number;
}

/** Cells across and down the face. */
const COLUMNS = 16;
const ROWS = 18;

/**
 * Looks at the face in an embedder's input: from the eyebrows to below the mouth, without what stands around it.
 *
 * @param crop planar, 3 · side² values, as `channels` made them.
 * @param side of the crop, pixels.
 */
export function cropAppearance(
  crop: Float32Array,
  side: number,
  channels: InputChannels,
  template: AlignmentTemplate,
): CropAppearance {
  const cells = lumaCells(crop, side, channels, template);
  let [sum, squares, left] = [0, 0, 0];
  for (const [i, luma] of cells.entries()) {
    sum += luma;
    squares += luma * luma;
    if (i % COLUMNS < COLUMNS / 2) left += luma;
  }
  const brightness = sum / cells.length;
  const [darker, lighter] = [Math.min(left, sum - left), Math.max(left, sum - left)];
  return {
    brightness,
    contrast: Math.sqrt(Math.max(0, squares / cells.length - brightness * brightness)),
    evenness: lighter > 0 ? darker / lighter : 0,
    sharpness: sharpnessOf(cells),
  };
}

/** Mean luma of each cell, row by row. */
function lumaCells(
  crop: Float32Array,
  side: number,
  [red, green, blue]: InputChannels,
  { face, side: templateSide }: AlignmentTemplate,
): Float32Array {
  const plane = side * side;
  const scale = side / templateSide;
  const cell = Math.max(1, Math.floor((face.width * scale) / COLUMNS));
  const left = Math.round(face.left * scale);
  const top = Math.round(face.top * scale);
  // What `channels` did, undone and weighted in one go.
  const [r, g, b] = [0.299 / red.scale, 0.587 / green.scale, 0.114 / blue.scale];
  const offset = r * red.offset + g * green.offset + b * blue.offset;
  const [inRed, inGreen, inBlue] = [red.plane * plane, green.plane * plane, blue.plane * plane];
  const cells = new Float32Array(COLUMNS * ROWS);
  for (let row = 0, at = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++, at++) {
      let sum = 0;
      for (let y = 0; y < cell; y++) {
        const from = (top + row * cell + y) * side + left + column * cell;
        for (let p = from; p < from + cell; p++) {
          sum += r * crop[inRed + p]! + g * crop[inGreen + p]! + b * crop[inBlue + p]!;
        }
      }
      cells[at] = sum / (cell * cell) - offset;
    }
  }
  return cells;
}

function sharpnessOf(cells: Float32Array): number {
  let [second, first] = [0, 0];
  for (let row = 1; row < ROWS - 1; row++) {
    for (let at = row * COLUMNS + 1; at < (row + 1) * COLUMNS - 1; at++) {
      const [left, right] = [cells[at - 1]!, cells[at + 1]!];
      const [above, below] = [cells[at - COLUMNS]!, cells[at + COLUMNS]!];
      second += (4 * cells[at]! - left - right - above - below) ** 2;
      first += ((right - left) ** 2 + (below - above) ** 2) / 4;
    }
  }
  return first > NOTHING ? second / first : 0;
}

/** Less than a fifteenth of a level from cell to cell: rounding errors on a plain surface. */
const NOTHING = 1;
