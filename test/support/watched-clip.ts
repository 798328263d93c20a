import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ffmpegArguments } from '../../sources/ffmpeg/ffmpeg-arguments.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { type FrameHeader, readStderrLine } from '../../sources/ffmpeg/stderr-line.ts';
import { FramePool } from '../../sources/frame-pool.ts';
import { FrameReader } from '../../sources/frame-reader.ts';
import { FrozenWatch, type PictureLife } from '../../sources/health/frozen-watch.ts';

export interface WatchedClipOptions {
  /** What `lavfi` draws, and the arguments of what encodes it; the clip is never written. */
  clip: { lavfi: string; encoder: string };
  fps: number;
  width?: number;
  intraOnly?: boolean;
}

export interface WatchedLife extends PictureLife {
  readonly atSeconds: number;
}

/** What the watch says of each picture of a clip, read as a camera's pictures are. */
export async function watchedClip({
  clip,
  fps,
  width = 1280,
  intraOnly = false,
}: WatchedClipOptions): Promise<WatchedLife[]> {
  const { path, can } = await findFfmpeg({ pathVariable: process.env.PATH });
  const coder = spawn(
    path,
    [...'-v error -f lavfi -i'.split(' '), clip.lavfi, ...clip.encoder.split(' '), '-f', 'nut', 'pipe:1'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const demands = { fps, width, transport: 'tcp', timeoutMs: 5000, realtime: false, loop: false } as const;
  const { beforeInput, beforeOutput } = ffmpegArguments(
    { kind: 'file', path: '/dev/stdin' },
    { ...demands, hwaccel: 'none', masks: [] },
    can,
    'linux',
  );
  const before = beforeInput.map((argument) => (argument === 'file' ? 'pipe' : argument));
  const reader = spawn(path, [...before, '-i', 'pipe:0', ...beforeOutput, 'pipe:1'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  coder.stdout.pipe(reader.stdin);
  reader.stdin.on('error', () => {});
  const watch = new FrozenWatch();
  const lives: WatchedLife[] = [];
  let keyFrames = 0;
  const frames = new FrameReader<FrameHeader & { keyFrames: number }>({
    pool: new FramePool(8),
    whenEmpty: 'wait',
    fixedSize: !can.autoscale,
    onFrame: (header, pixels) => {
      const atSeconds = header.ptsSeconds!;
      const image = { width: header.width, height: header.height, format: 'rgb24', data: pixels.bytes } as const;
      const [ptsMs, arrivedAtMs] = [atSeconds * 1000, atSeconds * 1000];
      lives.push({ atSeconds, ...watch.look({ image, ptsMs, arrivedAtMs, keyFrames: header.keyFrames, intraOnly }) });
      pixels.release();
    },
    onDropped: () => {},
    onBroken: (error) => reader.stdout.destroy(error),
  });
  createInterface({ input: reader.stderr }).on('line', (line) => {
    const read = readStderrLine(line);
    if (read.kind === 'decoded' && read.isKey) keyFrames += 1;
    if (read.kind === 'frame') frames.header({ ...read.header, keyFrames });
  });
  reader.stdout.pipe(frames.stdout);
  await once(reader, 'close');
  return lives;
}
