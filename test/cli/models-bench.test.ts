import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { descendantsOf, isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'facegate-bench-test-'));
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BIG = 'retinaface-mobilenet1.0';
const QUICK = ['--seconds', '0.02', '--sizes', '64'];

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env.PATH ?? '',
  HOME: folder,
  FACEGATE_HOME: join(folder, 'home'),
  TMPDIR: temporary,
  ...more,
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function bench(args: string[], more?: Record<string, string>): Promise<Ended> {
  const options = { cwd: folder, env: environment(more) };
  return new Promise((done) => {
    execFile(process.execPath, [main, 'models', 'bench', ...args], options, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

describe('facegate models bench', () => {
  it('times a large network that is not here with random weights, says so, and leaves no file behind', async () => {
    const { code, stdout } = await bench([BIG, ...QUICK, '--providers', 'cpu']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^MODEL +INPUT +PROVIDER +P50 ms +P95 ms +PER SECOND +PEAK MEMORY MiB$/m);
    expect(stdout).toMatch(
      /^retinaface-mobilenet1\.0 \(random weights, timing only\) +64×64 +cpu +[\d.]+ +[\d.]+ +[\d.]+ +\d/m,
    );
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.skipIf(requirement('gpu').met)('says what a provider lacks that is not there, once for all sizes', async () => {
    const args = [BIG, '--seconds', '0.02', '--sizes', '64,96', '--providers', 'cuda'];
    const [table, json] = [await bench(args), await bench([...args, '--json'])];
    expect(table.stdout.match(/not measured/g)).toHaveLength(1);
    expect(table.stdout).toMatch(/^retinaface-mobilenet1\.0 .* +all +cuda +not measured \(1\)$/m);
    expect(table.stdout).toMatch(/^\(1\) the execution provider cuda cannot run a network: .*gpu:install/m);
    const { networks, picture } = JSON.parse(json.stdout);
    expect(networks).toMatchObject([
      { model: BIG, randomWeights: true, width: 64, height: 64, provider: 'cuda', timing: null },
      { model: BIG, randomWeights: true, width: 96, height: 64, provider: 'cuda', timing: null },
    ]);
    expect(picture).toBeNull();
  });

  it.skipIf(!requirement('shared').met)(
    'times what is here, and a 1080p picture with its faces from end to end',
    async () => {
      const env = { FACEGATE_MODEL_MIRROR: join(sharedDir, 'models') };
      const { code, stdout } = await bench([...QUICK, '--providers', 'cpu', '--no-big', '--json'], env);
      expect(code).toBe(0);
      const { machine, networks, picture } = JSON.parse(stdout);
      expect(machine).toMatchObject({ cores: expect.any(Number), node: process.versions.node });
      const embedder = networks.find((row: { model: string }) => row.model === 'mobilefacenet-arcface-128d');
      expect(embedder).toMatchObject({ width: 112, height: 112, provider: 'cpu', randomWeights: false });
      expect(embedder.timing.p95Ms).toBeGreaterThanOrEqual(embedder.timing.p50Ms);
      expect(networks.some((row: { randomWeights: boolean }) => row.randomWeights)).toBe(false);
      expect(picture).toMatchObject({ detector: 'retinaface-mobilenet025', embedder: 'mobilefacenet-arcface-128d' });
      expect(picture.rows).toHaveLength(1);
      expect(picture.rows[0].timing.faces).toBeGreaterThan(0);
      // A picture costs its detection at least.
      expect(picture.rows[0].timing.p50Ms).toBeGreaterThan(embedder.timing.p50Ms);
    },
  );

  it('says what the whole way lacks where no weights are here', async () => {
    const { code, stdout } = await bench([...QUICK, '--providers', 'cpu', '--no-big']);
    expect(code).toBe(0);
    expect(stdout).toContain('no network is here: facegate models pull');
    expect(stdout).toMatch(/A 1920×1080 picture from end to end: not measured: model ".+" was not found/);
  });

  it('ends its process and removes what it built when it is interrupted', async () => {
    const args = [main, 'models', 'bench', BIG, '--providers', 'cpu', '--seconds', '600'];
    const program = spawn(process.execPath, args, {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    program.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    const child = await eventually('a process that is timed', () => descendantsOf(program.pid!)[0]);
    program.kill('SIGINT');
    const [code] = await once(program, 'close');
    expect(code).not.toBe(0);
    expect(said).toContain('timing was cancelled');
    expect(isAlive(child)).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.each([
    ['a network that is not here', ['minifasnet-v2-crop2.7'], 'model "minifasnet-v2-crop2.7" is not on this machine'],
    ['sizes that no network takes', ['--sizes', '320,650'], '--sizes must be multiples of 32 up to 4096'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await bench(args);
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });
});
