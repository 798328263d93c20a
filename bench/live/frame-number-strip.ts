import sharp from 'sharp';

/**
 * A frame's number as a strip along the top of the picture: for each bit, lowest first, a white cell and a black one, or a black one
 * and a white one. Cells are large and each says both what it is and what it is not, so that scaling and JPEG cannot
 * make another number of it unnoticed.
 */
const BITS = 10;
const CELLS = 2 * BITS;
/** Of the picture's height. */
const HEIGHT = 1 / 18;
/** Between the two cells of a bit, of 255; what is closer together is not a strip. */
const LEAST_CONTRAST = 80;

/** Numbers are 0 to this, without it. */
export const STRIP_NUMBERS: number = 2 ** BITS;

/** ffmpeg's filters that draw the number of each frame, from 0, modulo `STRIP_NUMBERS`. */
export function stripFilters(): string {
  const box = (cell: string, color: string, enable = '') =>
    `drawbox=x=${cell}:y=0:h=ih*${HEIGHT}:color=${color}:t=fill${enable}`;
  const white = Array.from({ length: CELLS }, (_, cell) => {
    const bit = `mod(floor(n/${2 ** (cell >> 1)}),2)`;
    return box(`iw*${cell}/${CELLS}:w=iw/${CELLS}`, 'white', `:enable='${cell % 2 === 0 ? bit : `not(${bit})`}'`);
  });
  return [box('0:w=iw', 'black'), ...white].join(',');
}

/** How light each cell of the strip is, 0..255, for a number. */
export function stripCells(number: number): number[] {
  return Array.from({ length: CELLS }, (_, cell) =>
    (((number >> (cell >> 1)) & 1) === 1) === (cell % 2 === 0) ? 255 : 0,
  );
}

/** @returns null where the cells contradict each other. */
export function numberOfCells(cells: readonly number[]): number | null {
  if (cells.length !== CELLS) throw new RangeError(`a strip has ${CELLS} cells, got ${cells.length}`);
  let number = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const difference = cells[2 * bit]! - cells[2 * bit + 1]!;
    if (Math.abs(difference) < LEAST_CONTRAST) return null;
    if (difference > 0) number |= 1 << bit;
  }
  return number;
}

/** The number in a picture; null where there is no strip. */
export async function readStrip(jpeg: Buffer): Promise<number | null> {
  const { width, height } = await sharp(jpeg).metadata();
  const cellWidth = Math.floor(width / CELLS);
  const cellHeight = Math.floor(height * HEIGHT);
  // The middle of the strip's height and of each cell's width: edges are smeared.
  const { data } = await sharp(jpeg)
    .extract({ left: 0, top: cellHeight >> 2, width, height: Math.max(1, cellHeight >> 1) })
    .greyscale()
    .resize(width, 1, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const cells = Array.from({ length: CELLS }, (_, cell) => {
    const from = Math.round((cell * width) / CELLS) + (cellWidth >> 2);
    const middle = data.subarray(from, from + Math.max(1, cellWidth >> 1));
    return middle.reduce((sum, value) => sum + value, 0) / middle.length;
  });
  return numberOfCells(cells);
}
