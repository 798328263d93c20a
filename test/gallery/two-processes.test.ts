import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const writer = fileURLToPath(new URL('../support/gallery-writer.ts', import.meta.url));
const probe = (...values: number[]) => [{ model: MODEL, vector: Float32Array.from(values) }];

let folder: string;
let gallery: SubjectGallery;
let end: () => Promise<void> = async () => undefined;

/** Starts the other process; the function it gives sends a command and waits for the answer. */
async function otherProcess(file: string): Promise<(command: string) => Promise<string>> {
  const child = spawn(process.execPath, [writer, file, MODEL, '4'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the other process ended');
    return String(value);
  };
  end = async () => {
    child.stdin.end();
    await exited;
  };
  expect(await answer()).toBe('ready');
  return (command) => {
    child.stdin.write(`${command}\n`);
    return answer();
  };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-gallery-'));
  const file = join(folder, 'gallery.db');
  gallery = openGallery({ file, model: MODEL, width: 4, log: recordedLog(), clock: new VirtualClock() });
});

afterEach(async () => {
  await end();
  await gallery.close();
  rmSync(folder, { recursive: true });
});

it('finds who another process enrolled, and no longer whom it removed, by the next search', async () => {
  const tell = await otherProcess(join(folder, 'gallery.db'));
  expect(await gallery.search(probe(1, 0, 0, 0), 2)).toEqual([[]]);
  const ada = await tell('enrol Ada 1 0 0 0');
  const bob = await tell('enrol Bob 0 1 0 0');
  expect((await gallery.search(probe(1, 0.1, 0, 0), 2))[0]?.map((c) => c.subjectId)).toEqual([ada, bob]);
  await tell('enrol Ada 0 0 1 0');
  expect(gallery.subject(ada).templates).toBe(2);
  expect((await gallery.search(probe(0, 0, 1, 0), 1))[0]?.[0]).toMatchObject({ subjectId: ada, similarity: 1 });
  await tell(`remove ${ada}`);
  expect((await gallery.search(probe(1, 0, 0, 0), 2))[0]?.map((c) => c.subjectId)).toEqual([bob]);
  expect(() => gallery.subject(ada)).toThrow(expect.objectContaining({ code: 'SUBJECT_NOT_FOUND' }));
});

it('writes while another process writes, and both end with the same people', async () => {
  const tell = await otherProcess(join(folder, 'gallery.db'));
  const theirs = (async () => {
    for (let n = 0; n < 60; n += 1) await tell(`enrol theirs${n} 1 ${n} 0 0`);
  })();
  for (let n = 0; n < 60; n += 1) {
    const { id } = gallery.createSubject({ name: `ours${n}` });
    const embedding = { model: MODEL, vector: Float32Array.of(0, 1, n, 0) };
    gallery.addTemplate(id, { embedding, quality: 1, source: 'here' });
    await gallery.search(probe(1, 0, 0, 0), 2);
    await new Promise(setImmediate);
  }
  await theirs;
  expect(gallery.size).toEqual({ subjects: 120, templates: 120, notSearched: 0 });
  await end();
  const again = openGallery({
    file: join(folder, 'gallery.db'),
    model: MODEL,
    width: 4,
    log: recordedLog(),
    clock: new VirtualClock(),
  });
  expect(again.subjects()).toEqual(gallery.subjects());
  await again.close();
});
