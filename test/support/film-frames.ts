import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';

export interface FilmFramesOptions {
  /** Every so many frames one is taken. */
  every: number;
  count: number;
  width: number;
  height: number;
}

/** Frames of a film as the networks get them, decoded and scaled by ffmpeg. */
export async function filmFrames(
  film: string,
  { every, count, width, height }: FilmFramesOptions,
): Promise<PixelImage[]> {
  const { path } = await findFfmpeg({ pathVariable: process.env.PATH });
  const bytes = width * height * 3;
  const filter = `select='not(mod(n,${every}))',scale=${width}:${height}`;
  const out = ['-vsync', '0', '-frames:v', String(count), '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'];
  const { stdout } = await promisify(execFile)(path, ['-v', 'error', '-i', film, '-vf', filter, ...out], {
    encoding: 'buffer',
    maxBuffer: count * bytes + 1,
  });
  return Array.from({ length: stdout.length / bytes }, (_, at) => ({
    width,
    height,
    format: 'rgb24' as const,
    data: new Uint8Array(stdout.subarray(at * bytes, (at + 1) * bytes)),
  }));
}
