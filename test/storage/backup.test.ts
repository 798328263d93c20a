import { type ChildProcess, spawn } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditLog, openAuditLog } from '../../storage/audit-log.ts';
import { backUp } from '../../storage/backup.ts';
import { DatabaseFile } from '../../storage/database-file.ts';
import { decideRestore, finishRestore } from '../../storage/finish-restore.ts';
import { isSealedFile, restore } from '../../storage/restore.ts';
import { verifyAuditLog } from '../../storage/verify-audit-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const clock = new VirtualClock();
const PASSPHRASE = 'correct horse battery staple';
let folder: string;
let dataDir: string;
let file: string;
let audit: AuditLog;
let child: ChildProcess | null = null;

const open = (name: string, dir = dataDir) =>
  new DatabaseFile({
    file: join(dir, name),
    what: 'database',
    code: 'GALLERY_UNAVAILABLE',
    migrations: [{ name: 'rows', sql: 'CREATE TABLE rows (n INTEGER PRIMARY KEY, text TEXT) STRICT' }],
  });
function write(name: string, ...texts: string[]): void {
  const database = open(name);
  for (const text of texts) database.prepare('INSERT INTO rows (text) VALUES (?)').run(text);
  database.close();
}
function read(name: string, dir = dataDir): string[] {
  const database = open(name, dir);
  const rows = database.prepare('SELECT text FROM rows ORDER BY n').all();
  database.close();
  return rows.map(({ text }) => String(text));
}
const record = (subject: string) => audit.record({ action: 'subject.created', by: 'x', subject, details: {} });
const back = (o: Partial<Parameters<typeof backUp>[0]> = {}) =>
  backUp({ dataDir, file, version: '1.2.3', nowMs: clock.wallMs(), ...o });
const bring = (o: Partial<Parameters<typeof restore>[0]> = {}) =>
  restore({ dataDir, file, passphrase: async () => PASSPHRASE, nowMs: clock.wallMs(), ...o });
/** What lies in the data folder, by name, without the lock's and SQLite's own files. */
const content = () =>
  Object.fromEntries(
    readdirSync(dataDir, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(db|key|head|json)$/.test(entry.name))
      .map(({ name }) => [name, readFileSync(join(dataDir, name)).toString('base64')]),
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-backup-'));
  dataDir = join(folder, 'data');
  file = join(folder, 'backup');
  write('gallery.db', 'ada', 'bob');
  write('keys.db', 'key');
  writeFileSync(join(dataDir, 'gallery.key'), 'k'.repeat(32));
  audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock });
  record('ada');
  record('bob');
});
afterEach(async () => {
  audit.close();
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = null;
  rmSync(folder, { recursive: true });
});

describe('a backup', () => {
  it('leaves the lock-downs of doors as they are now, and brings them where there were none', {
    timeout: 30_000,
  }, async () => {
    write('doors.db', 'unlocked');
    await back();
    write('doors.db', 'locked down since');
    audit.close();
    await bring();
    expect(read('doors.db')).toEqual(['unlocked', 'locked down since']);
    rmSync(join(dataDir, 'doors.db'));
    await bring({ nowMs: clock.wallMs() + 1000 });
    expect(read('doors.db')).toEqual(['unlocked']);
  });

  it('brings back what was there, while the audit log goes on', { timeout: 30_000 }, async () => {
    const manifest = await back();
    expect(manifest.files.map(({ name }) => name)).toEqual(['audit.head', 'audit.db', 'gallery.db', 'keys.db']);
    expect(manifest.audit?.number).toBe(2);
    write('gallery.db', 'eve');
    write('later.db', 'made since');
    record('eve');
    audit.close();
    const { audit: log, former } = await bring();
    expect(log).toBe('kept');
    expect(read('gallery.db')).toEqual(['ada', 'bob']);
    expect(read('keys.db')).toEqual(['key']);
    expect(existsSync(join(dataDir, 'later.db'))).toBe(false);
    expect(verifyAuditLog(join(dataDir, 'audit.db'))).toMatchObject({ entries: 3, problem: null });
    expect(read('gallery.db', former as string)).toEqual(['ada', 'bob', 'eve']);
    expect(read('later.db', former as string)).toEqual(['made since']);
    expect(readdirSync(dataDir).filter((name) => name.includes('restore'))).toEqual([former?.split('/').at(-1)]);
    expect((statSync(join(dataDir, 'gallery.db')).mode & 0o777).toString(8)).toBe('600');
  });

  it('into an empty folder brings the audit log with it', async () => {
    await back();
    const before = dataDir;
    dataDir = join(folder, 'elsewhere');
    mkdirSync(dataDir);
    expect((await bring()).audit).toBe('taken');
    expect(verifyAuditLog(join(dataDir, 'audit.db'))).toMatchObject({ entries: 2, problem: null });
    expect(read('gallery.db')).toEqual(['ada', 'bob']);
    expect(existsSync(join(dataDir, 'gallery.key'))).toBe(false);
    dataDir = before;
  });

  it('replaces an audit log of another history, which goes to the former files', { timeout: 30_000 }, async () => {
    await back();
    audit.close();
    for (const name of ['audit.db', 'audit.head']) rmSync(join(dataDir, name));
    audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock });
    for (const name of ['x', 'y', 'z']) record(name);
    audit.close();
    const { audit: log, former } = await bring();
    expect(log).toBe('taken');
    expect(verifyAuditLog(join(dataDir, 'audit.db'))).toMatchObject({ entries: 2, problem: null });
    expect(verifyAuditLog(join(former as string, 'audit.db'))).toMatchObject({ entries: 3, problem: null });
  });

  it('is of one moment while others write', { timeout: 30_000 }, async () => {
    const busy = open('busy.db');
    const insert = busy.prepare('INSERT INTO rows (text) VALUES (?)');
    let writing = true;
    let count = 0;
    const writer = (async () => {
      while (writing) {
        // Two rows at once, or none: an odd number in the copy would be half a transaction.
        busy.transaction('write', 'write', () => {
          for (let n = 0; n < 2; n += 1) insert.run('x'.repeat(3000));
        });
        count += 2;
        await new Promise(setImmediate);
      }
    })();
    await expect.poll(() => count).toBeGreaterThan(200);
    await back();
    const atEnd = count;
    await expect.poll(() => count).toBeGreaterThan(atEnd);
    writing = false;
    await writer;
    busy.close();
    audit.close();
    await bring();
    const rows = read('busy.db').length;
    expect(rows % 2).toBe(0);
    expect(rows).toBeGreaterThanOrEqual(200);
    expect(rows).toBeLessThan(count);
  });

  it('has keys only where it is sealed with a passphrase', { timeout: 30_000 }, async () => {
    const elsewhere = join(folder, 'secret');
    writeFileSync(elsewhere, 's'.repeat(32));
    const open_ = await back();
    expect(open_.files.some(({ name }) => name.endsWith('.key'))).toBe(false);
    expect(isSealedFile(file)).toBe(false);
    rmSync(file);
    const sealed = await back({ passphrase: PASSPHRASE, keyFiles: new Map([['other.key', elsewhere]]) });
    expect(sealed.files.map(({ name }) => name)).toEqual(expect.arrayContaining(['gallery.key', 'other.key']));
    expect(isSealedFile(file)).toBe(true);
    expect(readFileSync(file).includes('k'.repeat(16))).toBe(false);
    writeFileSync(join(dataDir, 'gallery.key'), 'changed');
    audit.close();
    await bring();
    expect(readFileSync(join(dataDir, 'gallery.key'), 'utf8')).toBe('k'.repeat(32));
    expect(readFileSync(join(dataDir, 'other.key'), 'utf8')).toBe('s'.repeat(32));
    expect((statSync(join(dataDir, 'gallery.key')).mode & 0o777).toString(8)).toBe('600');
  });

  it('has the next key too, which may be the one that opens the gallery', { timeout: 30_000 }, async () => {
    const elsewhere = join(folder, 'secret');
    writeFileSync(elsewhere, 's'.repeat(32));
    writeFileSync(`${elsewhere}.next`, 't'.repeat(32));
    writeFileSync(join(dataDir, 'gallery.key.next'), 'n'.repeat(32));
    await back({ passphrase: PASSPHRASE, keyFiles: new Map([['other.key', elsewhere]]) });
    rmSync(join(dataDir, 'gallery.key.next'));
    audit.close();
    await bring();
    expect(readFileSync(join(dataDir, 'gallery.key.next'), 'utf8')).toBe('n'.repeat(32));
    expect(readFileSync(join(dataDir, 'other.key.next'), 'utf8')).toBe('t'.repeat(32));
  });

  it('that is sealed comes back whole where files are written slowly', { timeout: 60_000 }, async () => {
    for (let i = 0; i < 8; i += 1) writeFileSync(join(dataDir, `other-${i}.key`), 'o'.repeat(32));
    await back({ passphrase: PASSPHRASE });
    audit.close();
    let busy = true;
    const occupy = () => pbkdf2('a', 'b', 20_000, 32, 'sha1', () => busy && occupy());
    // Files are written by the four threads that work on these.
    for (let i = 0; i < 6; i += 1) occupy();
    try {
      expect((await bring()).manifest.files).toHaveLength(13);
    } finally {
      busy = false;
    }
    expect(readFileSync(join(dataDir, 'other-7.key'), 'utf8')).toBe('o'.repeat(32));
  });

  it('fails where a key is changed while it is made: what it has could not be opened', async () => {
    let copied = 0;
    const attempt = back({
      passphrase: PASSPHRASE,
      onProgress: () => {
        copied += 1;
        if (copied === 1) writeFileSync(join(dataDir, 'gallery.key'), 'x'.repeat(32));
      },
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'ARCHIVE_FAILED',
      message: 'a key was changed while the backup was made; make it again',
    });
    expect(copied).toBeGreaterThan(0);
    expect(existsSync(file)).toBe(false);
  });

  it('is not made of a folder in which a restore was interrupted', async () => {
    decideRestore(dataDir, { staged: 'staged', former: 'former', out: ['gallery.db'], in: ['gallery.db'] });
    await expect(back()).rejects.toMatchObject({ message: expect.stringContaining('facegate restore --finish') });
    rmSync(join(dataDir, 'restore.json'));
  });

  it('overwrites no file and leaves nothing behind when it fails', async () => {
    writeFileSync(file, 'mine');
    await expect(back()).rejects.toMatchObject({ code: 'ARCHIVE_FAILED' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    writeFileSync(join(dataDir, 'broken.db'), 'no database'.repeat(500));
    await expect(back({ file: join(folder, 'next') })).rejects.toMatchObject({
      message: expect.stringContaining('broken.db'),
    });
    expect(readdirSync(folder).sort()).toEqual(['backup', 'data']);
    expect(readdirSync(dataDir).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('a restore is refused, and nothing is changed,', () => {
  const passed = async () => {
    audit.close();
    const before = content();
    return { before, attempt: bring() };
  };

  it.each([
    [
      'a byte is another one',
      (bytes: Buffer) => bytes.fill(~bytes[bytes.length >> 1]!, bytes.length >> 1, (bytes.length >> 1) + 1),
    ],
    ['the end is missing', null],
  ])('where %s', async (_, harm) => {
    await back();
    const bytes = readFileSync(file);
    harm?.(bytes);
    writeFileSync(file, harm ? bytes : bytes.subarray(0, bytes.length - 500));
    const { before, attempt } = await passed();
    await expect(attempt).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    expect(content()).toEqual(before);
    expect(readdirSync(dataDir).filter((name) => name.includes('restore'))).toEqual([]);
  });

  it('where a sealed one is cut off, or the passphrase is another', async () => {
    await back({ passphrase: PASSPHRASE });
    audit.close();
    const before = content();
    await expect(bring({ passphrase: async () => 'another passphrase' })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    });
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 1));
    await expect(bring()).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    expect(content()).toEqual(before);
  });

  it.each<[string, (dir: string) => void]>([
    ['a file stands in no manifest', (dir) => writeFileSync(join(dir, 'extra.db'), 'x')],
    ['a file is not the one that was backed up', (dir) => writeFileSync(join(dir, 'keys.db'), 'x')],
    ['a file is missing', (dir) => rmSync(join(dir, 'keys.db'))],
    [
      'a file is a link',
      (dir) => {
        rmSync(join(dir, 'keys.db'));
        symlinkSync('/etc/passwd', join(dir, 'keys.db'));
      },
    ],
    ['it holds something else', (dir) => writeFileSync(join(dir, 'run.sh'), 'x')],
    ['the manifest is none', (dir) => writeFileSync(join(dir, 'manifest.json'), '{}')],
    ['it has no manifest', (dir) => rmSync(join(dir, 'manifest.json'))],
  ])('where %s', async (_, harm) => {
    await back();
    const inside = join(folder, 'inside');
    mkdirSync(inside);
    const { extract } = await import('tar');
    await extract({ file, cwd: inside });
    harm(inside);
    await create({ file, cwd: inside, gzip: true }, readdirSync(inside));
    const { before, attempt } = await passed();
    await expect(attempt).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    expect(content()).toEqual(before);
  });

  it('where it is something else, or not there', async () => {
    writeFileSync(file, 'PK something else entirely, and long enough for a header of tar'.repeat(20));
    const { before, attempt } = await passed();
    await expect(attempt).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    rmSync(file);
    await expect(bring()).rejects.toMatchObject({
      code: 'ARCHIVE_FAILED',
      message: expect.stringContaining('no such file'),
    });
    expect(content()).toEqual(before);
  });

  it('where another process has one of the databases open', async () => {
    await back();
    audit.close();
    const program = fileURLToPath(new URL('../support/open-database.ts', import.meta.url));
    child = spawn(process.execPath, [program, 'open', join(dataDir, 'gallery.db')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
    write('keys.db', 'another');
    await expect(bring()).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
      message: expect.stringContaining('gallery.db'),
    });
    expect(read('keys.db')).toEqual(['key', 'another']);
  });
});

describe('a restore that was interrupted', () => {
  const OUT = ['a.db', 'a.db-wal', 'b.db', 'gone.db'];
  const IN = ['a.db', 'b.db', 'new.db'];

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'after %i of its renames goes on to the same end, and nothing opens before',
    (steps) => {
      const dir = join(folder, 'half');
      for (const each of ['', 'staged', 'former']) mkdirSync(join(dir, each), { recursive: true });
      for (const name of OUT) writeFileSync(join(dir, name), `old ${name}`);
      for (const name of IN) writeFileSync(join(dir, 'staged', name), `new ${name}`);
      decideRestore(dir, { staged: 'staged', former: 'former', out: OUT, in: IN });
      const renames = [
        ...OUT.map((name) => [name, join('former', name)] as const),
        ...IN.map((name) => [join('staged', name), name] as const),
      ];
      for (const [from, to] of renames.slice(0, steps)) renameSync(join(dir, from), join(dir, to));
      expect(() => open('a.db', dir)).toThrow('a restore was interrupted');
      expect(finishRestore(dir)).toBe(join(dir, 'former'));
      for (const name of IN) expect(readFileSync(join(dir, name), 'utf8')).toBe(`new ${name}`);
      for (const name of OUT) expect(readFileSync(join(dir, 'former', name), 'utf8')).toBe(`old ${name}`);
      expect(readdirSync(dir).sort()).toEqual([...IN, 'former'].sort());
      expect(finishRestore(dir)).toBeNull();
    },
  );

  it('is never decided on names that lead out of the folder', () => {
    const decide = (name: string) =>
      decideRestore(dataDir, { staged: 'staged', former: 'former', out: [], in: [name] });
    for (const name of ['../x.db', '/etc/passwd', '..', '']) expect(() => decide(name), name).toThrow();
    expect(existsSync(join(dataDir, 'restore.json'))).toBe(false);
  });
});
