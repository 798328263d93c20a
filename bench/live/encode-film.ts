import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface EncodedFilm {
  readonly file: string;
  /** Of decoding the original, drawing and encoding, for each picture: more than the encoder alone took. Milliseconds. */
  readonly msPerPicture: number;
}

/**
 * `film` again and again at 25 frames a second in H.264, as a camera would send it.
 *
 * @param o.filters drawn after scaling.
 * @param o.lowDelay without B-frames and look-ahead: no picture waits for another.
 */
export async function encodeFilm(o: {
  film: string;
  file: string;
  size: string;
  frames: number;
  filters?: string;
  lowDelay?: boolean;
}): Promise<EncodedFilm> {
  const [width, height] = o.size.split('x');
  const draw = [`scale=${width}:${height}`, 'fps=25', ...(o.filters ? [o.filters] : []), 'format=yuv420p'].join(',');
  const coding = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '24', '-g', '25'];
  if (o.lowDelay) coding.push('-tune', 'zerolatency', '-bf', '0');
  const input = ['-nostdin', '-y', '-v', 'error', '-stream_loop', '-1', '-i', o.film];
  const started = performance.now();
  await promisify(execFile)('ffmpeg', [
    ...input,
    ...['-an', '-vf', draw, '-frames:v', String(o.frames)],
    ...coding,
    o.file,
  ]);
  return { file: o.file, msPerPicture: (performance.now() - started) / o.frames };
}
