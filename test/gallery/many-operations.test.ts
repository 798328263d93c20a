import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { vectorOf } from '../support/gallery-work.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-64d';
const WIDTH = 64;
const OPERATIONS = 10_000;
const RESIDENTS = 200;
/** People who come and go. */
const MOST_GUESTS = 300;

let folder: string;
const opened: SubjectGallery[] = [];
const open = () => {
  const gallery = openGallery({
    file: join(folder, 'gallery.db'),
    model: MODEL,
    width: WIDTH,
    // Every search on threads, with changes meanwhile: on the calling thread none could come between.
    index: { threads: 2, onCallingThreadBytes: 0 },
    log: recordedLog(),
    clock: new VirtualClock({ wallMs: Date.now() }),
  });
  opened.push(gallery);
  return gallery;
};
const probe = (seed: string) => ({ model: MODEL, vector: vectorOf(seed, WIDTH) });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-many-'));
});
afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

it(`answers rightly while ${OPERATIONS} enrolments and deletions happen, and loses none of them`, {
  timeout: 900_000,
}, async () => {
  const gallery = open();
  const enrol = (seed: string) => {
    const { id } = gallery.createSubject({ name: seed });
    gallery.addTemplate(id, { embedding: probe(seed), quality: 1, source: seed });
    return { id, seed, since: now, until: Number.POSITIVE_INFINITY };
  };
  // Operations done so far: the time by which an answer is judged.
  let now = 0;
  const residents = Array.from({ length: RESIDENTS }, (_, i) => enrol(`resident ${i}`));
  const guests: ReturnType<typeof enrol>[] = [];
  const everybody = new Map(residents.map((one) => [one.seed, one]));
  const other = open();

  let answers = 0;
  const searchFor = async (by: SubjectGallery, seed: string) => {
    const asked = now;
    const [[first, second] = []] = await by.search([probe(seed)], 2);
    answers += 1;
    const one = everybody.get(seed);
    if (!one) throw new Error(`nobody is ${seed}`);
    const found = first?.name === seed;
    // Who was there all the time is found, as surely as can be; who left before is not.
    if (one.since <= asked && one.until > now)
      expect(first).toMatchObject({ name: seed, similarity: expect.closeTo(1, 5) });
    if (one.until <= asked) expect(found).toBe(false);
    for (const candidate of [first, second]) {
      const somebody = everybody.get(candidate?.name ?? '');
      expect(somebody && somebody.since <= now && somebody.until > asked, candidate?.name).toBe(true);
    }
    expect(second?.similarity ?? -1).toBeLessThan(0.9);
  };
  const waiting = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const start = (by: SubjectGallery, seed: string) => {
    const search = searchFor(by, seed)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => waiting.delete(search));
    waiting.add(search);
  };

  for (let n = 0; now < OPERATIONS; n += 1) {
    const gone = guests[n % Math.max(1, guests.length)];
    if (gone && (guests.length >= MOST_GUESTS || n % 5 > 2)) {
      gallery.removeSubject(gone.id);
      now += 1;
      gone.until = now;
      guests.splice(guests.indexOf(gone), 1);
      start(gallery, gone.seed);
    } else {
      now += 1;
      const guest = enrol(`guest ${n}`);
      guests.push(guest);
      everybody.set(guest.seed, guest);
      start(other, guest.seed);
    }
    if (n % 3 === 0) start(n % 2 === 0 ? gallery : other, `resident ${n % RESIDENTS}`);
    if (waiting.size > 20) await Promise.race(waiting);
    if (failures.length > 0) throw failures[0];
  }
  await Promise.all(waiting);
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(OPERATIONS);

  const there = [...residents, ...guests].map(({ seed }) => seed).sort();
  await gallery.close();
  for (const one of [other, open()]) {
    expect(
      one
        .subjects()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(there);
    expect(one.size).toEqual({ subjects: there.length, templates: there.length, notSearched: 0 });
    const found = await one.search(there.map(probe), 1);
    expect(found.map(([best]) => best?.name)).toEqual(there);
  }
});
