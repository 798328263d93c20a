import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFilmFromPictures } from '../cli/demo/film-from-pictures.ts';
import { mirrorsFrom } from '../config/mirrors.ts';

const CLIP = 'walk-to-camera-1080p25.mp4';

/** A clip with people in it: that of FACEGATE_MEDIA_MIRROR, else one made of the demo's pictures in `dir`. */
export async function peopleClip(dir: string): Promise<string> {
  const found = mirrorsFrom(process.env.FACEGATE_MEDIA_MIRROR)
    .map((folder) => join(folder, CLIP))
    .find(existsSync);
  return found ?? (await makeFilmFromPictures({ dir, ffmpegPath: 'ffmpeg' }));
}

/** `seconds` of the clip, again and again, as H.264 with a key frame each second, in an MP4. */
export function peopleFilm(clip: string, seconds: number, path: string): string {
  run(clip, [...encoder(seconds), '-y', path]);
  return path;
}

/** The same as H.264 without a container, as the fault server plays it: one slice a picture, no B-frames. */
export function peopleVideo(clip: string, seconds: number): Buffer {
  const one = ['-x264-params', 'slices=1:sliced-threads=0:repeat-headers=1'];
  return run(clip, [...encoder(seconds), '-bf', '0', ...one, '-f', 'h264', 'pipe:1']);
}

function encoder(seconds: number): string[] {
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '26', '-g', '25', '-pix_fmt', 'yuv420p'];
  return ['-t', String(seconds), '-an', '-r', '25', ...x264];
}

function run(clip: string, output: readonly string[]): Buffer {
  const input = ['-nostdin', '-v', 'error', '-stream_loop', '-1', '-i', clip];
  return execFileSync('ffmpeg', [...input, ...output], { maxBuffer: 256 * 1024 * 1024 });
}
