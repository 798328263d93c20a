import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { databasesIn } from '../../storage/copy-databases.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-databases-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('copies every database, but not that of unknown people, who are to be forgotten', () => {
  for (const name of ['gallery.db', 'gallery.db-wal', 'unknowns.db', 'audit.db', 'gallery.key'])
    writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'folder.db'));
  expect(databasesIn(folder)).toEqual(['audit.db', 'gallery.db']);
});
