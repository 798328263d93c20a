import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Webcam {
  /** As the setting `url` of a camera names it, e.g. `webcam:/dev/video0`. */
  readonly url: string;
  /** As its maker or the system calls it. */
  readonly name: string;
}

export interface ListWebcamsOptions {
  /** Path of the program; asked on macOS and Windows only. */
  ffmpeg: string;
  platform: NodeJS.Platform;
  /** Where Linux lists its video devices; another one in tests. */
  sysfs?: string;
}

/**
 * The webcams of this machine, in the order in which the system counts them. On Linux devices that only carry metadata (most USB
 * cameras have one) and those that take pictures instead of giving them are left out where the system tells.
 */
export function listWebcams({
  ffmpeg,
  platform,
  sysfs = '/sys/class/video4linux',
}: ListWebcamsOptions): Promise<Webcam[]> {
  switch (platform) {
    case 'darwin':
      return ask(ffmpeg, ['-f', 'avfoundation', '-list_devices', 'true', '-i', '']).then(avfoundationWebcams);
    case 'win32':
      return ask(ffmpeg, ['-f', 'dshow', '-list_devices', 'true', '-i', 'dummy']).then(dshowWebcams);
    default:
      return v4l2Webcams(sysfs);
  }
}

async function v4l2Webcams(sysfs: string): Promise<Webcam[]> {
  const entries = await readdir(sysfs).catch(() => []);
  const numbers = entries
    .flatMap((entry) => /^video(\d+)$/.exec(entry)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const found = await Promise.all(
    numbers.map(async (number) => {
      const read = (file: string) =>
        readFile(join(sysfs, `video${number}`, file), 'utf8').then(
          (text) => text.trim(),
          () => '',
        );
      // Of the devices of one camera the first gives the pictures; the others are for metadata.
      const index = await read('index');
      if (index !== '' && index !== '0') return [];
      const device = `/dev/video${number}`;
      return [{ url: `webcam:${device}`, name: (await read('name')) || device }];
    }),
  );
  return found.flat();
}

/** Lines like `[AVFoundation indev @ 0x7f] [0] FaceTime HD Camera`, between the headings of video and of audio devices. */
export function avfoundationWebcams(text: string): Webcam[] {
  const [, video = ''] = text.split(/AVFoundation video devices:/);
  const [before = ''] = video.split(/AVFoundation audio devices:/);
  return [...before.matchAll(/\] \[(\d+)\] (.+)$/gm)]
    .filter(([, , name]) => !/^Capture screen \d+/.test(name!))
    .map(([, index, name]) => ({ url: `webcam:${name!.includes(':') ? index : name!.trim()}`, name: name!.trim() }));
}

/** Lines like `[dshow @ 01] "Integrated Camera" (video)`; before ffmpeg 5 headings told video from audio. */
export function dshowWebcams(text: string): Webcam[] {
  const webcams: Webcam[] = [];
  let video = false;
  for (const line of text.split(/\r?\n/)) {
    if (/DirectShow video devices/.test(line)) video = true;
    else if (/DirectShow audio devices/.test(line)) video = false;
    const [, name, kind] = /"([^"]+)"(?: \((\w+)\))?\s*$/.exec(line) ?? [];
    if (name === undefined || /Alternative name/.test(line)) continue;
    if (kind === undefined ? video : kind === 'video') webcams.push({ url: `webcam:${name}`, name });
  }
  return webcams;
}

/** What it says on standard error; it always ends with a failure, since there is nothing to play. */
function ask(path: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = ['-hide_banner', '-nostdin', ...args];
    execFile(path, all, { timeout: 15_000, killSignal: 'SIGKILL', windowsHide: true }, (error, _stdout, stderr) => {
      if (error && typeof error.code === 'string') reject(error);
      else resolve(stderr);
    });
  });
}
