import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SearchThreads } from '../../../gallery/search/search-threads.ts';
import { TemplateRows } from '../../../gallery/search/template-rows.ts';
import { mortalSearchThread } from '../../support/mortal-search-thread.ts';
import { randomNumbers, randomUnitVector } from '../../support/random-numbers.ts';

const WIDTH = 16;
const random = randomNumbers(11);
const rows = new TemplateRows(WIDTH);
const vectors = Array.from({ length: 3000 }, () => randomUnitVector(random, WIDTH));
for (const [n, vector] of vectors.entries()) rows.add(`t${n}`, `s${n}`, vector);

const search = (n: number) => ({
  segments: rows.segments.map(({ share }) => share),
  rows: rows.size,
  probes: [(vectors[n] as Float32Array).slice()],
  k: 1,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-search-'));
  mkdirSync(join(folder, 'deaths'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const mortal = (count: number) => new SearchThreads({ count, module: rows.module, entry: mortalSearchThread(folder) });
const allow = (times: number) => {
  for (let n = 0; n < times; n += 1) writeFileSync(join(folder, 'deaths', `${n}`), '');
};

describe('SearchThreads', () => {
  it('find what is there, one search after the other', async () => {
    await using threads = new SearchThreads({ count: 2, module: rows.module });
    const found = await Promise.all([3, 1500, 2999].map((n) => threads.search(search(n))));
    expect(found.map(([best]) => best?.map(({ row }) => row))).toEqual([[3], [1500], [2999]]);
  });

  it('begin again when one dies of a search, with another in its place', async () => {
    allow(1);
    await using threads = mortal(1);
    expect((await threads.search(search(7)))[0]?.[0]?.row).toBe(7);
    expect(readdirSync(join(folder, 'deaths'))).toEqual([]);
    expect((await threads.search(search(8)))[0]?.[0]?.row).toBe(8);
  });

  it('give up when they die again and again, and work again afterwards', async () => {
    allow(3);
    await using threads = mortal(1);
    await expect(threads.search(search(7))).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
    expect((await threads.search(search(7)))[0]?.[0]?.row).toBe(7);
  });

  it('say so when none can be started', async () => {
    const entry = new URL('./no-such-thread.ts', import.meta.url);
    await using threads = new SearchThreads({ count: 2, module: rows.module, entry });
    await expect(threads.search(search(7))).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
  });

  it('close after the search that runs, twice over, and refuse what comes then', async () => {
    const threads = new SearchThreads({ count: 2, module: rows.module });
    const running = threads.search(search(42));
    const order: string[] = [];
    const found = running.then(() => order.push('found'));
    const closed = [threads.close(), threads.close()].map((promise) => promise.then(() => order.push('closed')));
    await expect(threads.search(search(1))).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
    await Promise.all([found, ...closed]);
    expect(order).toEqual(['found', 'closed', 'closed']);
    expect((await running)[0]?.[0]?.row).toBe(42);
  });

  it('close while they start, and when there never were any', async () => {
    const starting = new SearchThreads({ count: 2, module: rows.module });
    starting.start();
    await starting.close();
    await new SearchThreads({ count: 2, module: rows.module }).close();
  });
});
