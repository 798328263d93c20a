import { spawn } from 'node:child_process';
import type { Size } from '../../models/detectors/letterbox.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';

/** The first `count` frames of a film at its own size, one after the other: a hundred of 1080p would be 622 MB at once. */
export async function* eachFilmFrame(film: string, { width, height }: Size, count: number): AsyncGenerator<PixelImage> {
  const out = ['-frames:v', String(count), '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'];
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-i', film, ...out], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => ffmpeg.once('close', resolve));
  try {
    let data = new Uint8Array(width * height * 3);
    let filled = 0;
    for await (const chunk of ffmpeg.stdout as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + data.length - filled);
        data.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < data.length) continue;
        yield { width, height, format: 'rgb24', data };
        data = new Uint8Array(data.length);
        filled = 0;
      }
    }
  } finally {
    ffmpeg.kill('SIGKILL');
    await ended;
  }
}
