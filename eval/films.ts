import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { mergeMap, toArray } from 'rxjs/operators';
import { cameraSchema } from '../config/settings-schema.ts';
import type { AnalysedFace } from '../pipeline/face.ts';
import type { AnalyseOptions } from '../pipeline/ports.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { createSource } from '../sources/create-source.ts';
import { findFfmpeg } from '../sources/ffmpeg/ffmpeg-binary.ts';
import type { OpenedNetworks } from './open-networks.ts';

export interface Film {
  readonly name: string;
  readonly file: string;
  /** It is known to show nobody: its name says `no-face`. */
  readonly faceFree: boolean;
}

export function filmsIn(folder: string): Film[] {
  const films = readdirSync(folder)
    .filter((name) => name.endsWith('.mp4'))
    .sort()
    .map((name) => ({ name, file: resolve(join(folder, name)), faceFree: name.includes('no-face') }));
  if (films.length === 0) throw new Error(`there is no .mp4 in ${folder}`);
  return films;
}

/** Every frame of a film through the product's source and processes. @param every 1 for each frame, 10 for each tenth. */
export async function analyseFilm(
  film: Film,
  { analyser, atOnce }: OpenedNetworks,
  options: AnalyseOptions,
  every = 1,
): Promise<(readonly AnalysedFace[])[]> {
  // More than any film here has: no frame is left out. Nor is one scaled down that is 1920 wide or less.
  const camera = cameraSchema.parse({ id: 'film', url: `file:${film.file}`, fps: 60, width: 1920 });
  const source = createSource(camera, {
    ffmpeg: await findFfmpeg({ pathVariable: process.env.PATH }),
    clock: systemClock,
    log: silentLog,
    baseDir: process.cwd(),
  });
  const analysed = await lastValueFrom(
    source.frames().pipe(
      mergeMap(async (frame) => {
        try {
          if ((frame.sequence - 1) % every !== 0) return null;
          return (await analyser.analyse(frame, options)).faces;
        } finally {
          frame.release();
        }
      }, atOnce),
      toArray(),
    ),
  );
  return analysed.filter((faces) => faces !== null);
}
