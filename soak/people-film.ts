import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFilmFromPictures } from '../cli/demo/film-from-pictures.ts';
import { mirrorsFrom } from '../config/mirrors.ts';

const CLIP = 'walk-to-camera-1080p25.mp4';
const X264 = '-an -c:v libx264 -preset ultrafast -crf 26 -g 25 -pix_fmt yuv420p'.split(' ');
/** One slice a picture and no B-frames, as the fault server plays it. */
const ONE_SLICE = '-bf 0 -x264-params slices=1:sliced-threads=0:repeat-headers=1 -f h264'.split(' ');

/** A clip with people in it, in H.264: that of FACEGATE_MEDIA_MIRROR, else one made of the demo's pictures in `dir`. */
export async function peopleClip(dir: string): Promise<string> {
  const found = mirrorsFrom(process.env.FACEGATE_MEDIA_MIRROR)
    .map((folder) => join(folder, CLIP))
    .find(existsSync);
  if (found) return found;
  const clip = join(dir, 'people.mp4');
  run(await makeFilmFromPictures({ dir, ffmpegPath: 'ffmpeg' }), ['-r', '25', ...X264, clip]);
  return clip;
}

/** Four seconds of the clip as H.264 without a container. */
export function peopleVideo(clip: string): Buffer {
  return run(clip, ['-t', '4', ...X264, ...ONE_SLICE, 'pipe:1']);
}

function run(clip: string, output: readonly string[]): Buffer {
  return execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-i', clip, ...output], { maxBuffer: 256 * 1024 * 1024 });
}
