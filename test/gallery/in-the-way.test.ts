import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GalleryDatabase } from '../../gallery/gallery-database.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { eventually } from '../support/eventually.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const embedding = (...values: number[]) => ({ model: MODEL, vector: Float32Array.from(values) });
const who = async (...values: number[]) =>
  ((await gallery.search([embedding(...values)], 2))[0] ?? []).map(({ name }) => name);

let folder: string;
let file: string;
let gallery: SubjectGallery;

function enrol(name: string, ...values: number[]): string {
  const { id } = gallery.createSubject({ name });
  gallery.addTemplate(id, { embedding: embedding(...values), quality: 1, source: 'test' });
  return id;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-gallery-'));
  file = join(folder, 'gallery.db');
  gallery = openGallery({ file, model: MODEL, width: 4, log: recordedLog(), clock: new VirtualClock() });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('a gallery', () => {
  it('does not stand still while somebody reads for long, and empties its WAL when they are done', async () => {
    const ada = enrol('Ada', 1, 0, 0, 0);
    const reader = new DatabaseSync(file);
    try {
      reader.exec('BEGIN');
      expect(reader.prepare('SELECT count(*) AS n FROM subjects').get()?.n).toBe(1);
      const beganMs = performance.now();
      gallery.removeSubject(ada);
      // Waiting for the reader would take the two seconds that a write waits.
      expect(performance.now() - beganMs).toBeLessThan(1500);
      expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    } finally {
      reader.close();
    }
    await eventually('an empty WAL', () => statSync(`${file}-wal`).size === 0);
  });

  it('whose subject was deleted by a program that minds no foreign keys answers, and without them', async () => {
    const ada = enrol('Ada', 1, 0, 0, 0);
    enrol('Bob', 0.9, 0.1, 0, 0);
    const hand = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    hand.prepare('DELETE FROM subjects WHERE id = ?').run(ada);
    hand.close();
    expect(await who(1, 0, 0, 0)).toEqual(['Bob']);
    expect(gallery.size).toEqual({ subjects: 1, templates: 1, notSearched: 1 });
    await gallery.close();
    gallery = openGallery({ file, model: MODEL, width: 4, log: recordedLog(), clock: new VirtualClock() });
    expect(await who(1, 0, 0, 0)).toEqual(['Bob']);
  });

  it('that could not read what it wrote itself answers nothing that is no longer true', async () => {
    const ada = enrol('Ada', 1, 0, 0, 0);
    expect(await who(1, 0, 0, 0)).toEqual(['Ada']);
    vi.spyOn(GalleryDatabase.prototype, 'changesSince').mockImplementationOnce(() => {
      throw new Error('disk I/O error');
    });
    expect(() => gallery.removeSubject(ada)).toThrow('disk I/O error');
    expect(await who(1, 0, 0, 0)).toEqual([]);
    expect(gallery.size.subjects).toBe(0);
  });
});
