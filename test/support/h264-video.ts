import { execFileSync } from 'node:child_process';

/** A few seconds of moving video as H.264 (Annex B), drawn by the ffmpeg on the PATH; a key frame each second. */
export function h264Video({ size = '320x180', seconds = 4, fps = 25 } = {}): Buffer {
  const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}`, '-t', String(seconds)];
  const x264 = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-g',
    String(fps),
    '-pix_fmt',
    'yuv420p',
  ];
  const one = ['-x264-params', 'slices=1:sliced-threads=0:repeat-headers=1'];
  return execFileSync('ffmpeg', ['-v', 'error', ...source, ...x264, ...one, '-f', 'h264', 'pipe:1'], {
    maxBuffer: 64 * 1024 * 1024,
  });
}
