import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MODULE = new URL('../../server/small-young-generation.ts', import.meta.url).href;

/** MiB of the young generation of a program that has made millions of small objects, some of which live for a while. */
async function youngGeneration(first: string): Promise<number> {
  const program = `
    ${first}
    let kept = [];
    for (let i = 0; i < 2e6; i += 1) {
      kept.push({ i, list: [i] });
      if (kept.length > 20_000) kept = [];
    }
    const { getHeapSpaceStatistics } = await import('node:v8');
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20);`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  // An unknown flag would be said here.
  expect(stderr).toBe('');
  return Number(stdout);
}

it('stays small however much a server makes, in a V8 whose heap is there already', async () => {
  expect(await youngGeneration(`await import(${JSON.stringify(MODULE)});`)).toBeLessThanOrEqual(2);
  expect(await youngGeneration('')).toBeGreaterThan(8);
}, 60_000);
