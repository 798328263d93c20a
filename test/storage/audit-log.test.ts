import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../pipeline/audit.ts';
import { chainHash } from '../../storage/audit-chain.ts';
import { type AuditLog, openAuditLog } from '../../storage/audit-log.ts';
import { verifyAuditLog } from '../../storage/verify-audit-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const clock = new VirtualClock();
let folder: string;
let file: string;
let head: string;
let log: AuditLog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-audit-'));
  file = join(folder, 'audit.db');
  head = join(folder, 'audit.head');
  log = openAuditLog({ file, clock });
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

const entry = (n: number): AuditEntry => ({
  action: n % 2 === 0 ? 'subject.deleted' : 'subject.created',
  by: 'key desk',
  subject: `subject-${n}`,
  details: { n, basis: 'signed "form"\n', kept: null },
});

function record(count: number): void {
  for (let n = 1; n <= count; n += 1) {
    clock.advance(1000);
    log.record(entry(n));
  }
}

/** What somebody does who has the file, and takes the triggers away first. */
function tamper(sql: string): void {
  log.close();
  const database = new DatabaseSync(file);
  database.exec(
    `DROP TRIGGER entries_follow; DROP TRIGGER entries_never_change; DROP TRIGGER entries_never_go; ${sql}`,
  );
  database.close();
}

describe('an audit log', () => {
  it('keeps what is recorded, numbered from 1, and gives it back after it was closed', () => {
    record(3);
    log.close();
    log = openAuditLog({ file, clock });
    const entries = log.read({ limit: 10 });
    expect(entries.map(({ number, action, by, subject }) => [number, action, by, subject])).toEqual([
      [1, 'subject.created', 'key desk', 'subject-1'],
      [2, 'subject.deleted', 'key desk', 'subject-2'],
      [3, 'subject.created', 'key desk', 'subject-3'],
    ]);
    expect(entries[1]?.details).toEqual({ n: 2, basis: 'signed "form"\n', kept: null });
    expect(entries[2]?.atMs).toBe(clock.wallMs());
    expect(log.last).toEqual({ number: 3, hash: entries[2]?.hash });
    expect(verifyAuditLog(file)).toEqual({ entries: 3, last: log.last, problem: null });
  });

  it('reads after a number, from a moment on, and by action', () => {
    record(6);
    const numbers = (o: Parameters<AuditLog['read']>[0]) => log.read(o).map(({ number }) => number);
    expect(numbers({ after: 2, limit: 3 })).toEqual([3, 4, 5]);
    expect(numbers({ sinceMs: clock.wallMs() - 1000, limit: 10 })).toEqual([5, 6]);
    expect(numbers({ actions: ['subject.deleted'], limit: 10 })).toEqual([2, 4, 6]);
    expect(() => log.read({ limit: 0 })).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });

  it.each([
    ['UPDATE entries SET by = 1'],
    ['DELETE FROM entries'],
    ["REPLACE INTO entries VALUES (1,1,'','',NULL,'','')"],
  ])('aborts "%s"', (sql) => {
    record(2);
    const database = new DatabaseSync(file);
    database.exec('PRAGMA recursive_triggers = ON');
    expect(() => database.exec(sql)).toThrow('only ever appended to');
    database.close();
    expect(verifyAuditLog(file).problem).toBeNull();
  });

  it('gives the same hash to the same details, in whatever order they came', () => {
    const row = { number: 1, at_ms: 5, action: 'a', by: 'b', subject: null, details: '{"a":1}' };
    expect(chainHash('x', row)).toBe(chainHash('x', { ...row }));
    expect(chainHash('x', row)).not.toBe(chainHash('y', row));
    log.record({ action: 'key.created', by: 'x', subject: null, details: { b: 1, a: 2 } });
    log.record({ action: 'key.created', by: 'x', subject: null, details: { a: 2, b: 1 } });
    log.close();
    const database = new DatabaseSync(file, { readOnly: true });
    const texts = database.prepare('SELECT DISTINCT details FROM entries').all();
    database.close();
    expect(texts.map(({ details }) => details)).toEqual(['{"a":2,"b":1}']);
  });

  it('is one chain where several processes write, and can be verified meanwhile', { timeout: 60_000 }, async () => {
    const writer = fileURLToPath(new URL('../support/audit-writer.ts', import.meta.url));
    const others = [0, 1, 2].map(() => promisify(execFile)(process.execPath, [writer, file, '40']));
    for (let n = 0; n < 20; n += 1) {
      log.record(entry(n));
      expect(verifyAuditLog(file).problem).toBeNull();
      await new Promise(setImmediate);
    }
    for (const { stdout } of await Promise.all(others)) expect(stdout).toBe('done\n');
    expect(verifyAuditLog(file)).toEqual({ entries: 140, last: log.last, problem: null });
    expect(readFileSync(head, 'utf8')).toBe(`140 ${log.last.hash}\n`);
  });

  it('can be read by its owner only', () => {
    record(1);
    for (const path of [file, head]) expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  });

  it('that is not there, or is none, is an error that names it', () => {
    const nowhere = join(folder, 'nowhere.db');
    expect(() => verifyAuditLog(nowhere)).toThrow(`there is no audit log ${nowhere}`);
    writeFileSync(nowhere, 'no database'.repeat(500));
    expect(() => verifyAuditLog(nowhere)).toThrow(expect.objectContaining({ code: 'AUDIT_UNAVAILABLE' }));
    expect(() => openAuditLog({ file: nowhere, clock })).toThrow(
      expect.objectContaining({ code: 'AUDIT_UNAVAILABLE' }),
    );
    log.close();
    log.close();
    expect(() => log.record(entry(1))).toThrow(expect.objectContaining({ code: 'AUDIT_UNAVAILABLE' }));
  });
});

describe('verifying finds', () => {
  const changed = (n: number) =>
    `entry ${n} does not follow from the one before it: it was changed, moved, or put there by something else`;

  it.each([
    ['who did it, changed', "UPDATE entries SET by = 'key boss' WHERE number = 3", changed(3)],
    ['when, changed by a millisecond', 'UPDATE entries SET at_ms = at_ms + 1 WHERE number = 3', changed(3)],
    ['whom it was about, taken away', 'UPDATE entries SET subject = NULL WHERE number = 3', changed(3)],
    ['details with a blank more', "UPDATE entries SET details = details || ' ' WHERE number = 3", changed(3)],
    ['a hash that was changed', "UPDATE entries SET hash = 'x' || substr(hash, 2) WHERE number = 3", changed(3)],
    ['the first entry, removed', 'DELETE FROM entries WHERE number = 1', 'entry 1 is missing; the next one there is 2'],
    [
      'one in the middle, removed',
      'DELETE FROM entries WHERE number = 3',
      'entry 3 is missing; the next one there is 4',
    ],
    [
      'one removed and the rest numbered anew',
      'DELETE FROM entries WHERE number = 3; UPDATE entries SET number = number - 1 WHERE number > 3',
      changed(3),
    ],
    [
      'two that changed places',
      'UPDATE entries SET number = 90 WHERE number = 2; UPDATE entries SET number = 2 WHERE number = 4; UPDATE entries SET number = 4 WHERE number = 90',
      changed(2),
    ],
    [
      'one appended with a wrong hash',
      "INSERT INTO entries VALUES (7, 1, 'key.created', 'x', NULL, '{}', hex(zeroblob(32)))",
      changed(7),
    ],
    [
      'one put before the first',
      "INSERT INTO entries VALUES (0, 1, 'x', 'x', NULL, '{}', 'x')",
      'there is an entry with the number 0, which no entry has',
    ],
    [
      'the last one cut off',
      'DELETE FROM entries WHERE number = 6',
      'entry 6 is missing at the end: 6 is the entry that audit.head names',
    ],
    [
      'the last ones cut off',
      'DELETE FROM entries WHERE number > 3',
      'the entries 4 to 6 are missing at the end: 6 is the entry that audit.head names',
    ],
    [
      'all taken out',
      'DELETE FROM entries',
      'the entries 1 to 6 are missing at the end: 6 is the entry that audit.head names',
    ],
  ])('%s', (_, sql, problem) => {
    record(6);
    expect(verifyAuditLog(file).problem).toBeNull();
    tamper(sql);
    expect(verifyAuditLog(file).problem).toBe(problem);
  });

  it('the last entries cut off also after others were recorded since, and does not forget it', () => {
    record(6);
    tamper('DELETE FROM entries WHERE number > 3');
    const database = new DatabaseSync(file);
    database.exec(`
      CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'no'); END;
      CREATE TRIGGER entries_never_go BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'no'); END;`);
    database.close();
    log = openAuditLog({ file, clock });
    expect(log.isWhole).toBe(false);
    record(5);
    expect(verifyAuditLog(file)).toMatchObject({ entries: 8, problem: 'entry 6 is not the one that audit.head names' });
  });

  it('a chain written anew from its beginning only with what was noted elsewhere', () => {
    record(4);
    const noted = log.last;
    log.close();
    rmSync(file);
    rmSync(head);
    log = openAuditLog({ file, clock });
    record(5);
    expect(verifyAuditLog(file).problem).toBeNull();
    expect(verifyAuditLog(file, noted).problem).toBe('entry 4 is not the one that was noted');
    expect(verifyAuditLog(file, { number: 9, hash: noted.hash }).problem).toBe(
      'the entries 6 to 9 are missing at the end: 9 is the entry that was noted',
    );
    expect(verifyAuditLog(file, log.last).problem).toBeNull();
  });

  it.each([
    ['missing', () => rmSync(head)],
    ['damaged', () => writeFileSync(head, 'six')],
  ])('that the head file is %s, and goes on finding it', (what, harm) => {
    record(2);
    harm();
    log.record(entry(3));
    expect(verifyAuditLog(file)).toMatchObject({
      entries: 3,
      problem: expect.stringContaining(`audit.head is ${what}`),
    });
  });

  it('nothing wrong where facegate ended between an entry and its note', () => {
    record(2);
    const old = readFileSync(head);
    record(1);
    writeFileSync(head, old);
    expect(verifyAuditLog(file)).toMatchObject({ entries: 3, problem: null });
    expect(log.isWhole).toBe(true);
    record(1);
    expect(readFileSync(head, 'utf8')).toMatch(/^4 /);
  });
});
