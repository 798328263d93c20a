import { execFileSync } from 'node:child_process';
import { firstValueFrom } from 'rxjs';
import { concatMap, toArray } from 'rxjs/operators';
import { cameraSchema } from '../../config/settings-schema.ts';
import { MotionGate } from '../../pipeline/motion-gate.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { createSource } from '../../sources/create-source.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';

export interface GatedPicture {
  readonly atSeconds: number;
  /** The gate lets it through. */
  readonly opens: boolean;
  /** Faces that are in it, whether it is let through or not. */
  readonly faces: number;
}

export interface DrawnClip {
  /** What `lavfi` draws; inputs after it are `[1:v]` … */
  readonly inputs: readonly string[];
  readonly filter: string;
  readonly encoder: string;
  readonly seconds: number;
}

/** Draws and encodes a clip as a camera would. */
export function drawClip({ inputs, filter, encoder, seconds }: DrawnClip, file: string): string {
  const args = ['-v', 'error', '-y', ...inputs, '-filter_complex', filter, '-map', '[out]', '-t', String(seconds)];
  execFileSync('ffmpeg', [...args, ...encoder.split(' '), file]);
  return file;
}

/**
 * Each picture of a film, read as a camera's pictures are, and what the gate says of it where the networks answer before the next one.
 *
 * @param o.count faces of a picture; default: there are none.
 */
export async function gatedClip(o: {
  file: string;
  fps: number;
  lookEveryMs?: number;
  count?: (image: PixelImage) => Promise<number>;
}): Promise<GatedPicture[]> {
  const { file, fps, lookEveryMs = 2000, count = async () => 0 } = o;
  const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
  const camera = cameraSchema.parse({ id: 'clip', url: `file:${file}`, fps });
  const source = createSource(camera, { ffmpeg, clock: systemClock, log: silentLog, baseDir: '/' });
  const gate = new MotionGate({ lookEveryMs });
  return firstValueFrom(
    source.frames().pipe(
      concatMap(async (frame) => {
        const faces = await count(frame);
        const atSeconds = frame.ptsSeconds!;
        // As if it had come in its own time.
        const live = { ...frame, arrivedAtMs: atSeconds * 1000 };
        const opens = gate.opens(live);
        if (opens) gate.analysed(live, faces);
        frame.release();
        return { atSeconds, opens, faces };
      }),
      toArray(),
    ),
  );
}

/** Of the pictures after `fromSeconds`, 0..1. */
export function skippedShare(pictures: readonly GatedPicture[], fromSeconds = 0): number {
  const counted = pictures.filter(({ atSeconds }) => atSeconds >= fromSeconds);
  return counted.filter(({ opens }) => !opens).length / counted.length;
}
