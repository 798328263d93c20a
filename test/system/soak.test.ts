import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { descendantsOf, isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { requirement } from '../support/requirements.ts';

const MAIN = fileURLToPath(new URL('../../soak/main.ts', import.meta.url));
const MIRRORS = new URL('../../deploy/checkout-mirrors.mjs', import.meta.url).href;

function soak(...args: string[]) {
  const child = spawn(process.execPath, ['--import', MIRRORS, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return { child, said, ended: once(child, 'close') as Promise<[number | null, string | null]> };
}

describe.skipIf(!requirement('ffmpeg').met || process.platform !== 'linux')('the soak', () => {
  it.each([
    [['--minutes', '0'], "argument '0' is invalid. it must be between 0.5 and 1440."],
    [['--only', 'memory,weather'], 'weather is none of neighbours, memory, power, killed, frozen.'],
    [['--shrot'], "unknown option '--shrot'"],
  ])('says what is wrong with %j', async (args, message) => {
    const { said, ended } = soak('sources', ...args);
    expect(await ended).toEqual([1, null]);
    expect(said.err).toContain(message);
  });

  it('leaves nothing behind when it is interrupted', { timeout: 120_000 }, async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('facegate-soak-'));
    const before = folders();
    const { child, said, ended } = soak('sources', '--only', 'memory', '--minutes', '5');
    let children: number[];
    try {
      children = await eventually(
        'four cameras run',
        () => {
          const all = descendantsOf(child.pid!);
          return /memory: 0\.\d of 5 min/.test(said.err) && all.length >= 10 ? all : null;
        },
        100_000,
      );
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended).toEqual([130, null]);
    expect(children.filter(isAlive)).toEqual([]);
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
    expect(said.err).toContain('ending what was started');
  });

  it('looks at a minute of four cameras, and prints one object', { timeout: 180_000 }, async () => {
    const { said, ended } = soak('sources', '--only', 'memory', '--minutes', '1', '--json');
    const [code] = await ended;
    const { reports } = JSON.parse(said.out) as {
      reports: { part: string; verdicts: { what: string; got: string; outcome: string }[] }[];
    };
    expect(reports.map(({ part }) => part)).toEqual(['memory']);
    const { verdicts } = reports[0]!;
    expect(verdicts.filter(({ outcome }) => outcome === 'missed')).toEqual([]);
    expect(verdicts.map(({ what }) => what.split(' ')[0])).toEqual(['reconnects', 'growth', 'zombies', 'moving', 'a']);
    expect(code).toBe(0);
  });
});
