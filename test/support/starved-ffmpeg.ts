/**
 * Uses up all file descriptors but as many as it is told, starts an ffmpeg, and prints what that says and that this
 * process is still there: what happens to a server that runs out of them.
 */
import { closeSync, openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { FfmpegProcess } from '../../sources/ffmpeg/ffmpeg-process.ts';

const [path, free] = process.argv.slice(2) as [string, string];
const opened: number[] = [];
try {
  for (;;) opened.push(openSync('/dev/null', 'r'));
} catch {
  // As many as the limit allows.
}
for (const fd of opened.splice(0, Number(free))) closeSync(fd);
const child = new FfmpegProcess({
  path,
  environment: {},
  arguments: { beforeInput: [], input: 'none', script: null, beforeOutput: [] },
  stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
  onLine: () => undefined,
});
const { error } = await child.ended;
await wait(50);
for (const fd of opened) closeSync(fd);
process.stdout.write(`${(error as NodeJS.ErrnoException | null)?.code}\nalive\n`);
