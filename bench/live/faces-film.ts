import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import sharp from 'sharp';
import { pictureAt } from '../../test/support/people-in-film.ts';

export const FACES_SIZE = '1280x720';
const COLUMNS = 5;
const ROWS = 4;

const TILE = 160;
/** Of the canvas around what the camera sees, which sways by so much. */
const SWAY = 20;
const [WIDTH, HEIGHT] = FACES_SIZE.split('x').map(Number) as [number, number];
/** Of a face's box: enough of the head for the detector. */
const MARGIN = 1.9;
/** When people have come near, seconds. */
const NEAR = [2.4, 3, 3.6];

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

export interface SeenFace {
  /** Pixels. */
  readonly bbox: Box;
  /** `unfit` where it would not be embedded. */
  readonly status: string;
}

/**
 * Heads cut out of a film's pictures, each of which shows exactly one face, and that one fit to be recognised; the largest first.
 *
 * @param look answers with the faces of a picture.
 */
export async function headTiles(film: string, look: (jpeg: Buffer) => Promise<readonly SeenFace[]>): Promise<Buffer[]> {
  const tiles: { side: number; tile: Buffer }[] = [];
  for (const seconds of NEAR) {
    const picture = pictureAt(film, seconds);
    const { width, height } = await sharp(picture).metadata();
    for (const { bbox } of await look(picture)) {
      const [x1, y1, x2, y2] = bbox;
      const side = Math.round(MARGIN * Math.max(x2 - x1, y2 - y1));
      const left = Math.round((x1 + x2 - side) / 2);
      const top = Math.round((y1 + y2 - side) / 2);
      if (side < 80 || left < 0 || top < 0 || left + side > width || top + side > height) continue;
      const cut = sharp(picture).extract({ left, top, width: side, height: side });
      const tile = await cut.resize(TILE, TILE).jpeg({ quality: 95 }).toBuffer();
      const seen = await look(tile);
      if (seen.length === 1 && seen[0]!.status !== 'unfit') tiles.push({ side, tile });
    }
  }
  if (tiles.length === 0) throw new Error(`nobody's head in ${film} could be cut out`);
  return tiles.sort((a, b) => b.side - a.side).map(({ tile }) => tile);
}

/** A film of so many heads in rows on grey, swaying a little so that no two pictures are equal. */
export async function facesFilm(o: { tiles: readonly Buffer[]; faces: number; dir: string }): Promise<string> {
  const [cellWidth, cellHeight] = [Math.floor((WIDTH - 2 * SWAY) / COLUMNS), Math.floor((HEIGHT - 2 * SWAY) / ROWS)];
  const canvas = join(o.dir, `faces-${o.faces}.png`);
  await sharp({ create: { width: WIDTH + 2 * SWAY, height: HEIGHT + 2 * SWAY, channels: 3, background: '#808080' } })
    .composite(
      Array.from({ length: o.faces }, (_, i) => ({
        input: o.tiles[i % o.tiles.length]!,
        left: 2 * SWAY + (i % COLUMNS) * cellWidth,
        top: 2 * SWAY + Math.floor(i / COLUMNS) * cellHeight,
      })),
    )
    .png()
    .toFile(canvas);
  const file = join(o.dir, `faces-${o.faces}.mp4`);
  const sway = (f: string, every: number) => `${SWAY}+${SWAY - 1}*${f}(n/${every})`;
  execFileSync('ffmpeg', [
    ...['-nostdin', '-y', '-v', 'error', '-loop', '1', '-framerate', '25', '-i', canvas, '-frames:v', '100'],
    ...['-vf', `crop=${WIDTH}:${HEIGHT}:x='${sway('sin', 9)}':y='${sway('cos', 11)}',format=yuv420p`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '22', '-g', '25', file],
  ]);
  return file;
}
