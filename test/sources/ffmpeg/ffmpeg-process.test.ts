import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findFfmpeg } from '../../../sources/ffmpeg/ffmpeg-binary.ts';
import { FfmpegProcess, type FfmpegProcessOptions } from '../../../sources/ffmpeg/ffmpeg-process.ts';

// A black picture as fast as it is taken, without end; every build can do it.
const ENDLESS = {
  beforeInput: ['-v', 'error', '-f', 'lavfi'],
  input: 'color=black:size=320x240',
  script: null,
  beforeOutput: ['-f', 'rawvideo'],
};

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function until(condition: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let path: string;
let dir: string;
beforeEach(async () => {
  ({ path } = await findFfmpeg({ pathVariable: process.env.PATH }));
  dir = await mkdtemp(join(tmpdir(), 'facegate-process-'));
});
afterEach(() => rm(dir, { recursive: true }));

function start(options: Partial<FfmpegProcessOptions> & { reads?: boolean } = {}) {
  let bytes = 0;
  const lines: string[] = [];
  const stdout = new Writable({
    emitClose: false,
    autoDestroy: false,
    write: (chunk: Uint8Array, _, done) => {
      bytes += chunk.length;
      if (options.reads ?? true) done();
    },
  });
  const child = new FfmpegProcess({
    path,
    environment: {},
    arguments: ENDLESS,
    stdout,
    onLine: (line) => lines.push(line),
    ...options,
  });
  return { child, lines, bytes: () => bytes };
}

describe('an ffmpeg', () => {
  it('ends by itself with its exit code, its last line said', async () => {
    const { child, lines } = start({ arguments: { ...ENDLESS, input: 'nonsense' } });
    const exit = await child.ended;
    expect(exit).toMatchObject({ signal: null, error: null });
    expect(exit.code).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain('nonsense');
    await child.close();
  });

  it('reads its script from standard input, and argv does not have it', async () => {
    const { child, lines } = start({
      arguments: {
        beforeInput: ['-protocol_whitelist', 'pipe', '-f', 'concat', '-safe', '0'],
        input: null,
        script: "ffconcat version 1.0\nfile 'rtsp://ann:secret@127.0.0.1/x'\n",
        beforeOutput: ['-f', 'rawvideo'],
      },
    });
    await until(() => child.pid !== null);
    if (process.platform === 'linux') {
      const argv = await readFile(`/proc/${child.pid}/cmdline`, 'utf8').catch(() => 'gone');
      expect(argv).not.toContain('secret');
    }
    await child.ended;
    expect(lines.join('\n')).toContain('rtsp://ann:secret@127.0.0.1/x');
  });

  it('keeps options with a space whole', async () => {
    const { child, lines } = start({
      arguments: { ...ENDLESS, beforeOutput: ['-metadata', 'comment=one two', '-frames:v', '1', '-f', 'rawvideo'] },
    });
    expect(await child.ended).toEqual({ code: 0, signal: null, error: null });
    expect(lines).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('runs below the server', async () => {
    const { child, bytes } = start();
    await until(() => bytes() > 0);
    const { getPriority } = await import('node:os');
    expect(getPriority(child.pid!)).toBeGreaterThan(getPriority());
    await child.close();
  });

  it.each([
    ['is not there', 'none', /ENOENT/],
    ['is no program', 'text', /EACCES/],
    ['is not even named', null, /./],
  ])('that %s is an ending, not an exception', async (_, name, why) => {
    await writeFile(join(dir, 'text'), 'hello');
    const { child } = start({ path: name === null ? '' : join(dir, name) });
    const exit = await child.ended;
    expect(exit.error?.message).toMatch(why);
    expect(child.pid).toBeNull();
    await child.close();
  });
});

describe('a process without a file descriptor to spare', () => {
  const script = fileURLToPath(new URL('../../support/starved-ffmpeg.ts', import.meta.url));

  it.skipIf(process.platform !== 'linux').each([0, 3])(
    'and %i more is told so by an ffmpeg that it starts, and lives on',
    async (free) => {
      const limited = ['-c', 'ulimit -n 200; exec "$@"', 'sh', process.execPath, script, path, String(free)];
      const { stdout } = await promisify(execFile)('sh', limited);
      expect(stdout).toBe('EMFILE\nalive\n');
    },
  );
});

describe('closing', () => {
  it('ends one that writes, and resolves when it is gone', async () => {
    const { child, bytes } = start();
    await until(() => bytes() > 0);
    const pid = child.pid!;
    const closing = child.close();
    expect(child.close()).toBe(closing);
    await closing;
    expect(alive(pid)).toBe(false);
  });

  it('ends one that sits in a full pipe', async () => {
    const { child, bytes } = start({ reads: false });
    await until(() => bytes() > 0);
    const before = performance.now();
    await child.close();
    expect(performance.now() - before).toBeLessThan(2500);
  });

  it('works before the process has started', async () => {
    const { child } = start();
    await child.close();
    expect(child.pid === null || !alive(child.pid)).toBe(true);
  });

  it('works after it crashed', async () => {
    const { child, bytes } = start();
    await until(() => bytes() > 0);
    process.kill(child.pid!, 'SIGKILL');
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' });
    await child.close();
    await child.close();
  });

  it.skipIf(process.platform === 'win32')('insists when one does not listen', async () => {
    const deaf = join(dir, 'deaf');
    await writeFile(deaf, '#!/bin/sh\ntrap "" TERM PIPE\necho up >&2\nwhile :; do sleep 0.05; done\n', { mode: 0o755 });
    const { child, lines } = start({ path: deaf });
    await until(() => lines.includes('up'));
    const before = performance.now();
    await child.close(300);
    expect(performance.now() - before).toBeGreaterThanOrEqual(290);
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' });
  });
});

it.skipIf(process.platform === 'win32')('sees nothing of the environment but what it is given', async () => {
  const [nosy, seen] = [join(dir, 'nosy'), join(dir, 'seen')];
  await writeFile(nosy, `#!/bin/sh\nenv > ${JSON.stringify(seen)}\n`, { mode: 0o755 });
  vi.stubEnv('FRONT_PASSWORD', 'hunter2');
  const { child } = start({ path: nosy, environment: { LIBVA_DRIVER_NAME: 'iHD' } });
  vi.unstubAllEnvs();
  await child.ended;
  const environment = await readFile(seen, 'utf8');
  expect(environment).toContain('LIBVA_DRIVER_NAME=iHD');
  expect(environment).not.toMatch(/hunter2|HOME=/);
});

it.skipIf(process.platform === 'win32')('does not outlive a server that is killed', async () => {
  const script = join(dir, 'server.ts');
  const source = (name: string) => JSON.stringify(new URL(`../../../sources/ffmpeg/${name}`, import.meta.url).href);
  await writeFile(
    script,
    `import { Writable } from 'node:stream';
     import { FfmpegProcess } from ${source('ffmpeg-process.ts')};
     const stdout = new Writable({ write(_, __, done) { if (child.pid) console.log(child.pid); done(); } });
     const child = new FfmpegProcess({
       path: ${JSON.stringify(path)}, environment: {}, arguments: ${JSON.stringify(ENDLESS)}, stdout, onLine: () => {},
     });`,
  );
  const server = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number.parseInt(
    await new Promise<string>((resolve) => server.stdout.once('data', (d) => resolve(`${d}`))),
    10,
  );
  expect(alive(pid)).toBe(true);
  server.kill('SIGKILL');
  await until(() => !alive(pid), 5000);
});
