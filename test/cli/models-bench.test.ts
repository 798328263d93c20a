import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { requirement, sharedDir } from '../support/requirements.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'facegate-bench-test-'));
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BIG = 'retinaface-mobilenet1.0';
const QUICK = ['--seconds', '0.02', '--sizes', '64'];

function bench(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const own = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    FACEGATE_HOME: join(folder, 'home'),
    TMPDIR: temporary,
    ...env,
  };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [main, 'models', 'bench', ...args],
      { cwd: folder, env: own },
      (error, stdout, stderr) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
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

  it.each([
    [
      'a name that is none',
      ['retinaface'],
      'model "retinaface" is not in the catalog; known are: retinaface-mobilenet025',
    ],
    ['a network that is not here', ['minifasnet-v2-crop2.7'], 'model "minifasnet-v2-crop2.7" is not on this machine'],
    ['a large one that is left out', [BIG, '--no-big'], `model "${BIG}" is not on this machine`],
    ['sizes that no network takes', ['--sizes', '320,650'], '--sizes must be multiples of 32 up to 4096'],
    ['no size', ['--sizes', ','], '--sizes must be multiples of 32'],
    ['a provider that is none', ['--providers', 'cpu,gpu'], '--providers: "gpu" is no execution provider'],
    ['no time', ['--seconds', '0'], '--seconds must be more than 0 and at most 600, got "0"'],
    ['a picture that is not there', ['--picture', 'nowhere.jpg'], 'the picture nowhere.jpg cannot be read'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await bench(args);
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });
});
