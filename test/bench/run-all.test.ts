import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeFigures } from '../../bench/figures-file.ts';
import { describeMachine } from '../../bench/machine.ts';
import { FIGURES } from '../../bench/parts.ts';
import { partsFor, runAll, sustainedCameras } from '../../bench/run-all.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'facegate-all-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function cameras(...sustained: number[]): string {
  const json = join(dir, 'cameras.json');
  const conditions = { at: '', seconds: 1, loadBefore: 0, ownShare: 0, othersShare: 0, stolenShare: 0 };
  const rows = [{ name: 'walk: sustained', values: sustained, unit: 'cameras' }];
  const measurement = { part: 'cameras', rows, ratios: [], remarks: [] };
  writeFigures(json, [{ machine: describeMachine(), conditions, measurement }]);
  return json;
}

it('tells latency how many cameras of the walk were sustained, and lets it seek them where that is not known', () => {
  expect(sustainedCameras(cameras(5, 4, 4))).toBe(4);
  expect(sustainedCameras(cameras(5, 4))).toBe(4);
  expect(sustainedCameras(cameras(0, 0))).toBeNull();
  expect(sustainedCameras(join(dir, 'none.json'))).toBeNull();
});

it('names the parts that failed, and leaves no figures of an earlier run in their place', async () => {
  writeFigures(join(dir, 'no-such-part.json'), []);
  expect(await runAll({ dir, quick: true, parts: ['no-such-part'] })).toEqual(['no-such-part']);
  expect(readdirSync(dir)).toEqual([]);
});

it('runs on a provider that was asked for only the parts that heed it, and everything where none was', () => {
  expect(partsFor('cuda')).toEqual(['pipeline', 'cameras', 'latency', 'viewers', 'growth', 'events']);
  expect(partsFor(undefined)).toEqual(FIGURES);
});
