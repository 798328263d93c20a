import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { DatabaseFile, type Migration } from '../../storage/database-file.ts';

const FIRST: Migration = { name: 'notes', sql: 'CREATE TABLE notes (text TEXT NOT NULL) STRICT' };
const SECOND: Migration = { name: 'notes have authors', sql: "ALTER TABLE notes ADD author TEXT DEFAULT 'nobody'" };

let folder: string;
let file: string;
const opened: DatabaseFile[] = [];

function open(migrations: Migration[] = [FIRST], path = file): DatabaseFile {
  const database = new DatabaseFile({
    file: path,
    what: 'test database',
    code: 'GALLERY_UNAVAILABLE',
    migrations,
    secureDelete: true,
  });
  opened.push(database);
  return database;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-database-'));
  file = join(folder, 'a', 'b', 'test.db');
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  rmSync(folder, { recursive: true });
});

describe('DatabaseFile', () => {
  it('makes its folders and file for their owner only, and keeps it durable', () => {
    const database = open();
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('secure_delete')).toBe(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  });

  it('runs each migration once, also those that came later', () => {
    open().prepare("INSERT INTO notes VALUES ('kept')").run();
    opened[0]?.close();
    open([FIRST, SECOND]).close();
    const rows = open([FIRST, SECOND]).prepare('SELECT * FROM notes').all();
    expect(rows.map((row) => ({ ...row }))).toEqual([{ text: 'kept', author: 'nobody' }]);
  });

  it('undoes a migration that fails, and tries it again', () => {
    const broken = { name: SECOND.name, sql: `${SECOND.sql}; CREATE NONSENSE` };
    expect(() => open([FIRST, broken])).toThrow(expect.objectContaining({ code: 'GALLERY_UNAVAILABLE' }));
    const columns = open([FIRST, SECOND]).prepare('PRAGMA table_info(notes)').all();
    expect(columns.map((column) => column.name)).toEqual(['text', 'author']);
  });

  it.each([
    ['a newer facegate wrote it', [FIRST, SECOND], [FIRST]],
    ['it is another kind of database', [FIRST], [{ name: 'events', sql: 'SELECT 1' }]],
  ])('does not open a database when %s', (why, theirs, ours) => {
    open(theirs).close();
    expect(() => open(ours)).toThrow(`the test database ${file} could not be brought up to date: ${why}`);
    expect(open(theirs).isOpen).toBe(true);
  });

  it('says what is in the way', () => {
    expect(() => open([FIRST], folder)).toThrow(/^the test database .* could not be opened: .*EISDIR/);
    open();
    expect(() => open([FIRST], join(file, 'below.db'))).toThrow(/could not be opened: .*(ENOTDIR|EEXIST)/);
  });

  it('rolls a transaction back that throws, and lets an AppError through as it is', () => {
    const database = open();
    const insert = database.prepare('INSERT INTO notes VALUES (?)');
    const error = new AppError('REQUEST_INVALID', 'no');
    const work = () => {
      insert.run('lost');
      throw error;
    };
    expect(() => database.transaction('be written', 'write', work)).toThrow(error);
    expect(database.prepare('SELECT count(*) AS n FROM notes').get()?.n).toBe(0);
    database.transaction('be written', 'write', () => insert.run('kept'));
    expect(database.prepare('SELECT count(*) AS n FROM notes').get()?.n).toBe(1);
  });

  it('gives up on a writer that does not end, with the reason', () => {
    const database = open();
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    expect(() => database.transaction('be written', 'write', () => undefined)).toThrow(
      `the test database ${file} could not be written: database is locked`,
    );
    expect(performance.now() - started).toBeGreaterThan(1000);
    other.exec('COMMIT');
    other.close();
    database.transaction('be written', 'write', () => undefined);
  });

  it('tells when a reader kept it from emptying the WAL', () => {
    const database = open();
    const reader = new DatabaseSync(file);
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM notes').all();
    database.prepare("INSERT INTO notes VALUES ('new')").run();
    expect(database.checkpoint()).toBe(false);
    reader.exec('COMMIT');
    reader.close();
    expect(database.checkpoint()).toBe(true);
    expect(statSync(`${file}-wal`).size).toBe(0);
  });

  it('closes twice, leaves one file, and then says that it is closed', () => {
    const database = open();
    database.close();
    database.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(() => database.attempt('be read', () => 1)).toThrow('could not be read: it is closed');
  });
});
