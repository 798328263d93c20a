import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingLogFile } from '../../../server/logs/rotating-log-file.ts';

const SOURCE = JSON.stringify(new URL('../../../server/logs/rotating-log-file.ts', import.meta.url).href);

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-log-'));
  path = join(folder, 'deep', 'lobby.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (number: number) => `${String(number).padStart(9, '0')}\n`;
const numbers = (...names: string[]) =>
  names.flatMap((name) =>
    readFileSync(join(folder, 'deep', name), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(Number),
  );
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe("a log's file", () => {
  it('keeps so many files of that size, each line whole and in order, for its owner alone', async () => {
    const file = new RotatingLogFile({ path, maxBytes: 100, files: 3 });
    for (const number of upTo(35)) file.write(line(number));
    await file.close();
    expect(readdirSync(join(folder, 'deep')).sort()).toEqual(['lobby.log', 'lobby.log.1', 'lobby.log.2']);
    expect(numbers('lobby.log.2', 'lobby.log.1', 'lobby.log')).toEqual(upTo(35, 11));
    for (const name of readdirSync(join(folder, 'deep'))) {
      expect(statSync(join(folder, 'deep', name)).size).toBeLessThanOrEqual(100);
      expect(statSync(join(folder, 'deep', name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700);
  });

  it('goes on with the file that is there, and rotates it when it is its time', async () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(path, upTo(9).map(line).join(''));
    const file = new RotatingLogFile({ path, maxBytes: 100, files: 2 });
    for (const number of [10, 11]) file.write(line(number));
    await file.close();
    expect(numbers('lobby.log.1')).toEqual(upTo(10));
    expect(numbers('lobby.log')).toEqual([11]);
  });

  it('may be alone: then it begins anew', async () => {
    const file = new RotatingLogFile({ path, maxBytes: 50, files: 1 });
    for (const number of upTo(7)) file.write(line(number));
    await file.close();
    expect(readdirSync(join(folder, 'deep'))).toEqual(['lobby.log']);
    expect(numbers('lobby.log')).toEqual([6, 7]);
  });

  it('takes lines over without waiting for the disk', async () => {
    const file = new RotatingLogFile({ path, maxBytes: 1e9, files: 2 });
    for (const number of upTo(1000)) file.write(line(number));
    // The first one is in the hands of the thread pool at most.
    expect(statSync(path).size).toBeLessThanOrEqual(10);
    await file.close();
    expect(numbers('lobby.log')).toEqual(upTo(1000));
  });

  it('closes once, also twice and while it writes, and takes nothing afterwards', async () => {
    const before = process.listenerCount('exit');
    const file = new RotatingLogFile({ path, maxBytes: 1000, files: 2 });
    for (const number of upTo(20)) file.write(line(number));
    await Promise.all([file.close(), file.close()]);
    file.write(line(21));
    await file.close();
    expect(numbers('lobby.log')).toEqual(upTo(20));
    expect(process.listenerCount('exit')).toBe(before);
  });

  it('loses nothing when the program ends by process.exit, and keeps nobody alive', () => {
    const script = `
      const { RotatingLogFile } = await import(${SOURCE});
      const file = new RotatingLogFile({ path: ${JSON.stringify(path)}, maxBytes: 20_000, files: 10 });
      for (let i = 1; i <= 5000; i += 1) file.write(String(i).padStart(9, '0') + '\\n');
      setTimeout(() => {
        for (let i = 5001; i <= 8000; i += 1) file.write(String(i).padStart(9, '0') + '\\n');
        if (process.argv[1] === 'exit') process.exit(0);
      }, 1);
    `;
    for (const how of ['exit', 'by itself']) {
      rmSync(join(folder, 'deep'), { recursive: true, force: true });
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, how], {
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect([how, status, stderr.replace(/^.*(Warning|--trace-warnings).*$/gm, '').trim()]).toEqual([how, 0, '']);
      const names = readdirSync(join(folder, 'deep')).sort(
        (a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0),
      );
      expect([how, numbers(...names)]).toEqual([how, upTo(8000)]);
    }
  });

  it('keeps the order at the end, though the thread pool still has lines in hand', () => {
    const script = `
      import { pbkdf2 } from 'node:crypto';
      const { RotatingLogFile } = await import(${SOURCE});
      const file = new RotatingLogFile({ path: ${JSON.stringify(path)}, maxBytes: 1e9, files: 2 });
      // The one thread of the pool is busy, so that what was handed to it first is written last.
      pbkdf2('a', 'b', 20_000, 64, 'sha512', () => undefined);
      for (let i = 1; i <= 1000; i += 1) file.write(String(i).padStart(9, '0') + '\\n');
      process.exit(0);
    `;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
      timeout: 20_000,
    });
    expect([status, numbers('lobby.log')]).toEqual([0, upTo(1000)]);
  });
});

describe("a log's file on a disk that is full", () => {
  it('ends nothing: it is told once, memory stays bounded, and the program can end', () => {
    const script = `
      const { RotatingLogFile } = await import(${SOURCE});
      const told = [];
      const file = new RotatingLogFile({ path: '/dev/full', maxBytes: 1e9, files: 3, onTrouble: ({ code }) => told.push(code) });
      const before = process.memoryUsage().arrayBuffers;
      const line = 'x'.repeat(999) + '\\n';
      for (let i = 0; i < 50_000; i += 1) {
        file.write(line);
        if (i % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      console.log(JSON.stringify({ told, more: process.memoryUsage().arrayBuffers - before }));
      process.exit(0);
    `;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(0);
    const { told, more } = JSON.parse(stdout);
    expect(told).toEqual(['ENOSPC']);
    expect(more).toBeLessThan(20_000_000);
  });

  it.skipIf(spawnSync('unshare', ['-rm', 'true']).status !== 0)(
    'writes what waited when there is room again, and says what is missing',
    { timeout: 40_000 },
    async () => {
      const script = `
        import { readFileSync, rmSync } from 'node:fs';
        import { setTimeout as wait } from 'node:timers/promises';
        const { RotatingLogFile } = await import(${SOURCE});
        const told = [];
        const onTrouble = ({ code }) => told.push(code);
        const file = new RotatingLogFile({ path: process.cwd() + '/full/lobby.log', maxBytes: 1e9, files: 3, onTrouble });
        const line = (i) => String(i).padStart(99, '0') + '\\n';
        for (let i = 1; i <= 60_000; i += 1) {
          file.write(line(i));
          if (i % 1000 === 0) await wait(1);
        }
        rmSync('full/other');
        await wait(2500);
        file.write(line(60_001));
        await file.close();
        const lines = readFileSync('full/lobby.log', 'utf8').split('\\n').filter(Boolean);
        const gap = lines.findIndex((each, i) => Number(each) !== i + 1);
        const { leftOut } = JSON.parse(lines[gap]);
        console.log(JSON.stringify({ told, all: gap + leftOut, isThere: gap > 20_000, after: lines.slice(gap + 1).map(Number) }));
      `;
      const shell =
        'mkdir full && mount -t tmpfs -o size=8m none full && { cat /dev/zero > full/other; exec "$0" --input-type=module -e "$1"; }';
      const { stdout } = spawnSync('unshare', ['-rm', 'sh', '-c', shell, process.execPath, script], {
        encoding: 'utf8',
        cwd: folder,
        timeout: 30_000,
      });
      expect(JSON.parse(stdout)).toEqual({ told: ['ENOSPC'], all: 60_000, isThere: true, after: [60_001] });
    },
  );
});
