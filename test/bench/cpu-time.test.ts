import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { programCpu } from '../../bench/live/cpu-time.ts';

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

it.runIf(process.platform === 'linux')('counts what a decoder used that has ended since', async () => {
  // A program whose child uses 200 ms of CPU time and ends; then it says so.
  const busy = 'while (process.cpuUsage().user < 200_000);';
  const program = `
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', ${JSON.stringify(busy)}]).on('exit', () => process.stdout.write('ended'));
    setInterval(() => {}, 1000);`;
  child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  const { ffmpeg, inference } = programCpu(child.pid!);
  expect(ffmpeg).toBeGreaterThanOrEqual(0.15);
  expect(inference).toBe(0);
});
