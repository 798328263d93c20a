import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { pastTheGallery } from '../support/gallery-files.ts';
import { after, type People, peopleOf, type Step, vectorOf } from '../support/gallery-work.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-16d';
const WIDTH = 16;
/** On demand many: `FACEGATE_GALLERY_KILLS=200 npx vitest run test/gallery/killed.test.ts`. */
const KILLS = Number(process.env.FACEGATE_GALLERY_KILLS ?? 20);
const LONGEST_MS = 250;
const worker = fileURLToPath(new URL('../support/gallery-worker.ts', import.meta.url));

let folder: string;
let file: string;

function open(): SubjectGallery {
  return openGallery({
    file,
    model: MODEL,
    width: WIDTH,
    keepImages: true,
    log: recordedLog(),
    clock: new VirtualClock({ wallMs: Date.now() }),
  });
}

/** Starts the worker and kills it somewhere in its work. @returns the lines that it said. */
async function killSomewhere(work: 'enrol' | 'rotate'): Promise<string[]> {
  const child = spawn(process.execPath, [worker, work, file, MODEL, String(WIDTH)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_MS);
    said += text;
  });
  const [code, signal] = await closed;
  expect([code, signal]).toEqual([null, 'SIGKILL']);
  return said.split('\n').filter((line) => line.endsWith('}'));
}

/** Everything that can be asked of it agrees with the people who should be in it. */
async function expectWhole(gallery: SubjectGallery, people: People): Promise<void> {
  const seeds = [...people].flatMap(([name, own]) => [...own].map((seed) => ({ name, seed })));
  expect(gallery.size).toEqual({ subjects: people.size, templates: seeds.length, notSearched: 0 });
  for (const { name, notes } of gallery.subjects()) expect(notes).toBe(`of ${name}`);
  for (const { id, source } of gallery.templates()) expect(gallery.image(id).toString()).toBe(`picture of ${source}`);
  const probes = seeds.map(({ seed }) => ({ model: MODEL, vector: vectorOf(seed, WIDTH) }));
  const found = await gallery.search(probes, 1);
  for (const [i, { name }] of seeds.entries()) {
    expect(found[i]?.[0]).toMatchObject({ name, similarity: expect.closeTo(1, 5) });
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-killed-'));
  file = join(folder, 'gallery.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

it(`has every acknowledged write after it was killed ${KILLS} times`, { timeout: KILLS * 15_000 }, async () => {
  let people: People = new Map();
  let steps = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const lines = (await killSomewhere('enrol')).map((line) => JSON.parse(line) as Step | { did: true });
    let underWay: Step | null = null;
    for (const line of lines) {
      if ('will' in line) underWay = line;
      else if ('did' in line && underWay) {
        people = after(people, underWay);
        underWay = null;
        steps += 1;
      }
    }
    const gallery = open();
    try {
      const there = peopleOf(gallery);
      // What was under way happened as a whole, or not at all.
      const allowed: People[] = underWay ? [people, after(people, underWay)] : [people];
      expect(allowed).toContainEqual(there);
      people = there;
      await expectWhole(gallery, people);
    } finally {
      await gallery.close();
    }
    expect(pastTheGallery(file, (database) => database.prepare('PRAGMA integrity_check').get())).toEqual({
      integrity_check: 'ok',
    });
  }
  expect(steps).toBeGreaterThan(KILLS);
});

it('opens everything under one key or the other when a rotation was killed, and a gallery that is open follows', {
  timeout: KILLS * 15_000,
}, async () => {
  const gallery = open();
  let people: People = new Map();
  for (let n = 0; n < 20; n += 1) {
    const name = `person ${n}`;
    const { id } = gallery.createSubject({ name, notes: `of ${name}` });
    people = after(people, { will: 'create', name });
    for (let m = 0; m < 15; m += 1) {
      const seed = `${n}/${m}`;
      const embedding = { model: MODEL, vector: vectorOf(seed, WIDTH) };
      gallery.addTemplate(id, { embedding, quality: 1, source: seed, image: Buffer.from(`picture of ${seed}`) });
      people = after(people, { will: 'enrol', name, seed });
    }
  }
  const keys = new Set<unknown>();
  try {
    for (let kill = 0; kill < Math.ceil(KILLS / 2); kill += 1) {
      const running = new AbortController();
      const searching = (async () => {
        while (!running.signal.aborted) {
          await gallery.search([{ model: MODEL, vector: vectorOf('3/7', WIDTH) }], 1);
          await new Promise(setImmediate);
        }
      })();
      try {
        await killSomewhere('rotate');
      } finally {
        running.abort();
        await searching;
      }
      await expectWhole(gallery, people);
      const again = open();
      await expectWhole(again, people);
      await again.close();
      keys.add(pastTheGallery(file, (database) => database.prepare('SELECT key_id AS id FROM sealing').get()?.id));
    }
  } finally {
    await gallery.close();
  }
  expect(keys.size).toBeGreaterThan(1);
});
