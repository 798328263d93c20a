import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../config/app-error.ts';

const run = promisify(execFile);
const PICTURES = [1, 2, 3, 4, 5, 6].map((n) => `sample${n}.jpg`);
const SECONDS_EACH = 3;
/** Part of the file name, so that a film of an older recipe is not taken for this one. */
const RECIPE = 1;

/**
 * A film in which the view glides over six photographs of people (1280×720, 12 fps, 18 s), made once and kept.
 *
 * @throws {AppError} MODEL_NOT_FOUND when the package with the pictures is not installed, FFMPEG_NOT_FOUND when ffmpeg fails.
 */
export async function makeFilmFromPictures(options: { dir: string; ffmpegPath: string }): Promise<string> {
  const file = join(options.dir, `pictures-${RECIPE}.mp4`);
  if (existsSync(file)) return file;
  const folder = picturesFolder();
  await mkdir(options.dir, { recursive: true });
  const unfinished = `${file}.${process.pid}.mp4`;
  const inputs = PICTURES.flatMap((name) => [
    ...['-loop', '1', '-framerate', '12', '-t', String(SECONDS_EACH)],
    ...['-i', join(folder, name)],
  ]);
  // Odd pictures glide to the right, even ones to the left: a face never stands still.
  const glides = PICTURES.map((_, n) => {
    const travelled = n % 2 === 0 ? `t/${SECONDS_EACH}` : `(1-t/${SECONDS_EACH})`;
    const crop = `crop=1280:720:x='(iw-1280)*${travelled}':y='(ih-720)/3'`;
    return `[${n}:v]scale=1440:-2,${crop},setsar=1,format=yuv420p[v${n}]`;
  });
  const joined = `${PICTURES.map((_, n) => `[v${n}]`).join('')}concat=n=${PICTURES.length}:v=1:a=0[film]`;
  const filter = [...glides, joined].join(';');
  const output = ['-map', '[film]', '-c:v', 'mpeg4', '-q:v', '3', '-an', '-y', unfinished];
  try {
    await run(options.ffmpegPath, ['-nostdin', '-loglevel', 'error', ...inputs, '-filter_complex', filter, ...output]);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw new AppError('FFMPEG_NOT_FOUND', `${options.ffmpegPath} could not make the demo film`, { cause: error });
  }
  return file;
}

function picturesFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'demo');
  } catch (error) {
    throw new AppError(
      'MODEL_NOT_FOUND',
      'the demo film can be neither fetched nor made here; "npm install @vladmandic/face-api" brings pictures it can be made of',
      { cause: error },
    );
  }
}
