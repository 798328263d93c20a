import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirement } from './support/requirements.ts';

const root = resolve(import.meta.dirname, '..');
const shared = requirement('shared');
const ffmpeg = requirement('ffmpeg');
const run = promisify(execFile);

/** The pipeline that the README shows, as it stands there. */
function readmePipeline(): string {
  const match = /exactly this\. -->\n```ts\n([\s\S]+?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'));
  if (!match) throw new Error('README.md no longer shows the library example');
  return match[1] as string;
}

describe('the published package, installed elsewhere', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'facegate-package-'));
  const env = {
    ...process.env,
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    FACEGATE_MODEL_MIRROR: resolve(root, '../shared/models'),
    FACEGATE_HOME: join(elsewhere, 'home'),
  };
  const node = (args: string[]) => run(process.execPath, args, { cwd: elsewhere, env });

  beforeAll(async () => {
    await run('npm', ['pack', '--pack-destination', elsewhere], { cwd: root });
    const tarball = readdirSync(elsewhere).find((name) => name.endsWith('.tgz')) as string;
    writeFileSync(join(elsewhere, 'package.json'), '{ "name": "elsewhere", "private": true, "type": "module" }');
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
      cwd: elsewhere,
      env,
    });
  }, 240_000);
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  const main = 'node_modules/facegate/dist/cli/main.js';

  it('holds the console and no test, weights or TypeScript source but examples to copy', () => {
    const files = readdirSync(join(elsewhere, 'node_modules/facegate'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => !name.startsWith('node_modules/'),
    );
    expect(files).toContain('web/dist/index.html');
    const unwanted = files.filter((name) => /\.onnx$|^test\/|(?<!\.d)\.ts$/.test(name));
    expect(unwanted.filter((name) => !name.startsWith('docs/examples/'))).toEqual([]);
  });

  it('runs as a command', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await node([main, '--version'])).stdout.trim()).toBe(version);
    expect((await node([main, 'models', 'list'])).stdout).toContain('retinaface-mobilenet025');
  });

  it.skipIf(!shared.met || !ffmpeg.met)('compiles and runs the pipeline of the README', async () => {
    mkdirSync(join(elsewhere, 'src'), { recursive: true });
    writeFileSync(join(elsewhere, 'src/mine.ts'), readmePipeline());
    copyFileSync(resolve(root, '../shared/media/walk-to-camera-1080p25.mp4'), join(elsewhere, 'people.mp4'));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const strict = ['--strict', '--target', 'es2024', '--module', 'nodenext', '--skipLibCheck'];
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    await node([tsc, ...strict, ...types, '--outDir', 'out', 'src/mine.ts']);
    const { stdout } = await node(['out/mine.js']);
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => /^\d+(\.\d+)? \[/.test(line))).toHaveLength(3);
  });
});
