import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fetchWeights } from '../../models/fetch-weights.ts';
import { sha256Of } from '../../models/verify-file.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { makeFilmFromPictures } from './film-from-pictures.ts';

/** People walk to a camera: 1920×1080, 25 fps, 4.2 s, from timesler/facenet-pytorch (MIT). */
const FILM = {
  name: 'walk-to-camera-1080p25.mp4',
  url: 'https://raw.githubusercontent.com/timesler/facenet-pytorch/787da06156087cd6b616fe6608213722bddc30cd/examples/video.mp4',
  sha256: 'd4c0b7a4e385e11ee3cfe7fbdfd0d01d319e16944441bba747a897eed33d115f',
  bytes: 2_411_585,
};

export interface DemoFilm {
  readonly file: string;
  /** Where it came from, for people. */
  readonly origin: string;
}

export interface DemoFilmOptions {
  /** Folder that keeps what was fetched or made. */
  dir: string;
  /** Folders that may hold the film. */
  mirrors: readonly string[];
  ffmpegPath: string;
  log: Logger;
  onProgress: (done: number, total: number | null) => void;
}

/** The film of the demo: from a mirror, from earlier, from its public address, else made of the pictures in an npm package. */
export async function findDemoFilm(options: DemoFilmOptions): Promise<DemoFilm> {
  const { dir, mirrors, log, onProgress } = options;
  for (const folder of [...mirrors, dir]) {
    const file = join(folder, FILM.name);
    if (!existsSync(file)) continue;
    if ((await sha256Of(file)) === FILM.sha256) return { file, origin: file };
    log.warn({ file }, 'this film is not the one the demo was made for, it is not used');
  }
  const file = join(dir, FILM.name);
  const { sha256, bytes } = FILM;
  const outcome = await fetchWeights({ url: new URL(FILM.url), to: file, sha256, bytes, onProgress });
  if (outcome.state === 'good') return { file, origin: FILM.url };
  log.info({ reason: outcome.state === 'failed' ? outcome.why : 'other bytes came' }, 'the film cannot be fetched');
  return {
    file: await makeFilmFromPictures({ dir, ffmpegPath: options.ffmpegPath }),
    origin: 'made from the pictures in the npm package @vladmandic/face-api',
  };
}
