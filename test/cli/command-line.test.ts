import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { requirement, sharedDir } from '../support/requirements.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'facegate-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function node(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const own = { PATH: process.env.PATH ?? '', HOME: folder, FACEGATE_HOME: join(folder, 'home'), ...env };
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, env: own, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}
const facegate = (...args: string[]) => node([join(root, 'cli/main.ts'), ...args]);

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('facegate', () => {
  it('prints its version and, asked for help, what to start with', async () => {
    expect((await facegate('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await facegate('--help');
    expect(help.code).toBe(0);
    for (const word of ['serve', 'demo', 'enroll', 'models', 'cameras', 'Start here'])
      expect(help.stdout).toContain(word);
    expect((await facegate('serve', '--help')).stdout).toContain('rtsp://user:password@10.0.0.5/stream1');
  });

  it('says in one line that a Node is too old', async () => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.19.2' }); require(${JSON.stringify(join(root, 'cli/main.ts'))})`;
    const { code, stdout, stderr } = await node(['--input-type=commonjs', '-e', pretend]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^facegate needs Node 22\.18 or newer, this is 20\.19\.2; [^\n]+\n$/);
  });

  it.each([
    ['an unknown command', ['srve'], 2, 'did you mean'],
    ['an unknown flag', ['serve', '--prot', '1'], 2, "unknown option '--prot'"],
    ['a port that is none', ['serve', '--port', 'http'], 2, '--port must be a number from 0 to 65535, got "http"'],
    ['a log level that is none', ['demo', '--log-level', 'loud'], 2, '--log-level must be one of debug, info, warn'],
    ['a transport that is none', ['cameras', 'probe', 'rtsp://a/b', '--transport', 'tpc'], 2, 'one of tcp, udp'],
    ['a missing configuration', ['serve', '--config', 'nowhere.yaml'], 78, 'nowhere.yaml'],
    ['a camera URL of no known kind', ['serve', '--camera', 'gopher://x'], 78, 'gopher'],
    ['an empty camera URL', ['cameras', 'probe', ''], 2, 'the URL must have 1 to 2048 characters, got 0'],
    ['a missing name', ['enroll'], 2, "missing required argument 'name'"],
    ['missing pictures', ['enroll', 'Ada'], 2, 'which pictures? facegate enroll "Ada Lovelace" ada-1.jpg'],
    ['an unknown model', ['models', 'pull', 'retinaface-mobilenet25'], 78, 'retinaface-mobilenet025'],
  ])('answers %s with an exit code and says what is wrong', async (_, args, code, said) => {
    const ended = await facegate(...args);
    expect(ended.code).toBe(code);
    expect(ended.stderr.toLowerCase()).toContain(said.toLowerCase());
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('names every problem of a configuration, one a line, and never shows a password', async () => {
    const file = write(
      'bad.yaml',
      'cameras:\n  - { id: front, ulr: "rtsp://joe:hunter2@10.0.0.5/", fps: 0 }\n  - { id: back, url: "rtsp://joe:hunter2@[", fps: 5 }\n',
    );
    const { code, stderr } = await facegate('serve', '--config', file);
    expect(code).toBe(78);
    expect(stderr).toContain('cameras[0].fps must be between 1 and 60, got 0');
    expect(stderr).toContain('url');
    expect(stderr).not.toContain('hunter2');
    expect(stderr.split('\n').filter((line) => line.startsWith('facegate: ')).length).toBeGreaterThanOrEqual(3);
  });

  it('says nothing of a reader that has read enough', async () => {
    const list = spawn(process.execPath, [join(root, 'cli/main.ts'), 'models', 'list'], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // As `| head` does, before anything was written.
    list.stdout.destroy();
    let said = '';
    list.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(list, 'close');
    expect({ code, said }).toEqual({ code: 0, said: '' });
  }, 60_000);

  it.skipIf(!requirement('shared').met)(
    'ends when the gallery cannot be opened, and leaves no network behind',
    async () => {
      const home = join(folder, 'broken');
      mkdirSync(home);
      writeFileSync(join(home, 'gallery.db'), 'no database'.repeat(500));
      const { code, stderr } = await node([join(root, 'cli/main.ts'), 'enroll', 'Ada', 'ada.jpg', '--data', home], {
        FACEGATE_MODEL_MIRROR: join(sharedDir, 'models'),
      });
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('file is not a database') });
    },
  );

  it.skipIf(!requirement('shared').met)('says of each picture why it is not taken, and enrols nobody', async () => {
    const text = write('note.txt', 'no picture');
    const { code, stdout, stderr } = await node(
      [join(root, 'cli/main.ts'), 'enroll', 'Ada', text, folder, 'nowhere.jpg', '--data', join(folder, 'refused')],
      { FACEGATE_MODEL_MIRROR: join(sharedDir, 'models') },
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `${text}: the file must be a JPEG, PNG or WebP picture; it is none of these\n` +
        `${folder}: this is a folder, not a picture\n` +
        'nowhere.jpg: there is no such file, or it cannot be read\n',
    );
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once on %s while it fetches its models', async (signal, code) => {
    const endless = createWebServer((_, answer) => void answer.write('x')).listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const { port } = endless.address() as { port: number };
    const fetching = spawn(
      process.execPath,
      [join(root, 'cli/main.ts'), 'serve', '--port', '0', '--data', join(folder, signal)],
      {
        env: { PATH: process.env.PATH, HOME: folder, FACEGATE_MODEL_MIRROR: `http://127.0.0.1:${port}` },
        stdio: 'ignore',
      },
    );
    try {
      await once(endless, 'request');
      fetching.kill(signal);
      expect(await once(fetching, 'exit')).toEqual([code, null]);
    } finally {
      fetching.kill('SIGKILL');
      endless.closeAllConnections();
      endless.close();
    }
  });

  it.skipIf(!requirement('shared').met)('says which port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as { port: number };
    try {
      const { code, stderr } = await node([join(root, 'cli/main.ts'), 'serve', '--port', String(port)], {
        FACEGATE_MODEL_MIRROR: join(sharedDir, 'models'),
      });
      expect(code).toBe(1);
      expect(stderr).toContain(`port ${port} of 127.0.0.1 is in use`);
    } finally {
      taken.close();
    }
  });
});
