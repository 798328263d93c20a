import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { lockFolder } from '../../storage/folder-lock.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const root = resolve(import.meta.dirname, '../..');
const PASSPHRASE = 'correct horse battery staple';
const MODEL = 'mobilefacenet-arcface-128d';
let folder: string;
let home: string;
let env: Record<string, string>;

function facegate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const own = { PATH: process.env.PATH ?? '', HOME: folder, FACEGATE_HOME: home, ...env };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, 'cli/main.ts'), ...args],
      { cwd: folder, env: own, timeout: 60_000 },
      (error, stdout, stderr) =>
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

async function withGallery<T>(dataDir: string, work: (gallery: SubjectGallery) => T, wallMs?: number): Promise<T> {
  await using gallery = openGallery({
    file: join(dataDir, 'gallery.db'),
    model: MODEL,
    width: 4,
    log: recordedLog(),
    clock: wallMs === undefined ? systemClock : new VirtualClock({ wallMs }),
  });
  return work(gallery);
}

const enrol = (dataDir: string, name: string, wallMs?: number) =>
  withGallery(
    dataDir,
    (gallery) => {
      const { id } = gallery.createSubject({ name });
      const embedding = { model: MODEL, vector: Float32Array.of(1, 2, 3, 4) };
      gallery.addTemplate(id, { embedding, quality: 1, source: 'test' });
      return id;
    },
    wallMs,
  );
const names = (dataDir: string) => withGallery(dataDir, (gallery) => gallery.subjects().map(({ name }) => name));
const audited = (dataDir: string) => {
  const log = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
  const entries = log.read({ limit: 100 });
  log.close();
  return entries;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-data-'));
  home = join(folder, 'home');
  env = { FACEGATE_ARCHIVE_PASSPHRASE: PASSPHRASE };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('facegate gallery export and import', () => {
  it('carry people over, beside a server that runs, and write both down', { timeout: 60_000 }, async () => {
    await enrol(home, 'Ada');
    const file = join(folder, 'people.fggallery');
    const lock = lockFolder(home);
    const out = await facegate('gallery', 'export', file, '--embeddings');
    lock.release();
    expect(out).toMatchObject({ code: 0, stdout: `${file}: 1 subjects with 1 faces\n` });
    expect(readFileSync(file).includes('Ada')).toBe(false);
    expect(audited(home)).toMatchObject([
      {
        action: 'gallery.exported',
        by: `command line (${userInfo().username})`,
        details: { file: 'people.fggallery', subjects: 1, faces: 1, embeddings: true, images: false },
      },
    ]);
    const there = join(folder, 'there');
    const back = await facegate('gallery', 'import', file, '--data', there);
    expect(back).toMatchObject({
      code: 0,
      stdout: '1 people are new, 0 were here; 1 faces are new, 0 were here\n',
    });
    expect(await names(there)).toEqual(['Ada']);
    expect(audited(there).map(({ action }) => action)).toEqual(['subject.created', 'gallery.imported']);
    expect(JSON.stringify(audited(there))).not.toContain('Ada');
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ['without a passphrase', [], { FACEGATE_ARCHIVE_PASSPHRASE: '' }, 'the passphrase must not be empty'],
    ['with one that is short', [], { FACEGATE_ARCHIVE_PASSPHRASE: 'elevenchars' }, 'at least 12 characters'],
    ['with a file of it that is not there', ['--passphrase-file', 'nowhere'], {}, 'nowhere cannot be read (ENOENT)'],
  ])('export %s writes nothing', async (_, args, more, said) => {
    await enrol(home, 'Ada');
    env = { ...env, ...more };
    const file = join(folder, 'people.fggallery');
    const { code, stderr } = await facegate('gallery', 'export', file, ...args);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
    expect(existsSync(file)).toBe(false);
  });

  it('import with another passphrase takes nobody in', { timeout: 60_000 }, async () => {
    await enrol(home, 'Ada');
    const file = join(folder, 'people.fggallery');
    await facegate('gallery', 'export', file);
    writeFileSync(join(folder, 'pass'), 'another passphrase\n');
    const there = join(folder, 'there');
    const { code, stderr } = await facegate('gallery', 'import', file, '--data', there, '--passphrase-file', 'pass');
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the passphrase is another one'),
    });
    expect(await names(there)).toEqual([]);
  });
});

describe('facegate backup and restore', () => {
  it('bring back what was, name who is there again, and refuse beside a server', { timeout: 120_000 }, async () => {
    const ada = await enrol(home, 'Ada');
    const backups = join(folder, 'backups');
    mkdirSync(backups);
    const lock = lockFolder(home);
    const made = await facegate('backup', backups);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('the keys that open embeddings') });
    const [name] = readdirSync(backups);
    expect(name).toMatch(/^facegate-\d{4}-\d\d-\d\dT\d{6}Z\.tar\.gz$/);
    const file = join(backups, name as string);
    await withGallery(home, (gallery) => gallery.removeSubject(ada));
    const log = openAuditLog({ file: join(home, 'audit.db'), clock: systemClock });
    log.record({ action: 'subject.deleted', by: 'key desk', subject: ada, details: {} });
    log.close();
    const refused = await facegate('restore', file);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`is in use: facegate runs on it already`),
    });
    lock.release();
    const { code, stdout, stderr } = await facegate('restore', file);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(ada) });
    expect(stdout).toContain('gallery.db');
    expect(await names(home)).toEqual(['Ada']);
    expect(audited(home).map(({ action }) => action)).toEqual([
      'gallery.backed_up',
      'subject.deleted',
      'gallery.restored',
    ]);
    expect((await facegate('audit', 'verify')).stdout).toMatch(/^the audit log is whole: 3 entries, the last is 3:/);
  });

  it('with keys, into a new folder, open the gallery; without them it is said', { timeout: 120_000 }, async () => {
    await enrol(home, 'Ada');
    const [open, sealed] = [join(folder, 'open.tar.gz'), join(folder, 'sealed.fgbackup')];
    expect((await facegate('backup', open)).code).toBe(0);
    expect((await facegate('backup', sealed, '--with-keys')).code).toBe(0);
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    expect(await facegate('restore', sealed, '--data', one)).toMatchObject({ code: 0 });
    expect(await names(one)).toEqual(['Ada']);
    const keyless = await facegate('restore', open, '--data', two);
    expect(keyless).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('will not start with the restored gallery'),
    });
    const three = join(folder, 'three');
    mkdirSync(three);
    writeFileSync(join(three, 'gallery.key'), randomBytes(32));
    const otherKey = await facegate('restore', open, '--data', three);
    expect(otherKey).toMatchObject({ code: 1, stderr: expect.stringContaining('bring the key of that time') });
  });

  it.each([
    [['restore'], 2, 'give the file of a backup, or --finish'],
    [['restore', 'nowhere.tar.gz'], 1, 'there is no such file'],
    [['restore', '--finish'], 0, ''],
    [['backup', 'nowhere/'], 2, 'there is no folder'],
  ])('%j ends with %i', async (args, code, said) => {
    mkdirSync(home);
    writeFileSync(join(home, 'x.db'), '');
    expect(await facegate(...args)).toMatchObject({ code, stderr: expect.stringContaining(said) });
  });

  it('a second server on the folder does not start', async () => {
    mkdirSync(home);
    const lock = lockFolder(home);
    const { code, stderr } = await facegate('serve', '--port', '0');
    lock.release();
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`process ${process.pid} on`) });
  });
});

describe('facegate gallery retention', () => {
  it('lists who was not seen, and deletes them only when told to', { timeout: 60_000 }, async () => {
    const old = await enrol(home, 'Old', Date.now() - 100 * 86_400_000);
    await enrol(home, 'New');
    const listed = await facegate('gallery', 'retention', '--after', '90d');
    expect(listed.code).toBe(0);
    expect(listed.stdout).toMatch(new RegExp(`^${old}  Old: last sign \\d{4}-\\d\\d-\\d\\d\n$`));
    expect(listed.stderr).toContain('1 of 2 people were not seen for 90 days; --delete deletes them');
    expect(await names(home)).toEqual(['New', 'Old']);
    expect((await facegate('gallery', 'retention', '--after', '90d', '--delete')).code).toBe(0);
    expect(await names(home)).toEqual(['New']);
    expect(audited(home)).toMatchObject([
      { action: 'subject.deleted', subject: old, details: { reason: 'retention' } },
    ]);
    expect(await facegate('gallery', 'retention')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--after'),
    });
  });
});

describe('facegate audit', () => {
  it('lists by action and time, and verifies', { timeout: 60_000 }, async () => {
    const clock = new VirtualClock({ wallMs: Date.now() - 10 * 86_400_000 });
    const log = openAuditLog({ file: join(home, 'audit.db'), clock });
    log.record({ action: 'key.created', by: 'key boss', subject: null, details: { name: 'a\nb\u001b[31m' } });
    clock.advance(9 * 86_400_000);
    log.record({ action: 'subject.viewed', by: 'key desk', subject: 's1', details: {} });
    const { last } = log;
    log.close();
    const all = (await facegate('audit', 'list')).stdout.trimEnd().split('\n');
    expect(all).toHaveLength(2);
    expect(all[0]).toContain('key.created  by key boss  name="a\\nb\\u001b[31m"');
    expect((await facegate('audit', 'list', '--since', '2d', '--json')).stdout).toBe(
      `${JSON.stringify({ number: 2, at: new Date(clock.wallMs()).toISOString(), action: 'subject.viewed', by: 'key desk', subject: 's1', details: {}, hash: last.hash })}\n`,
    );
    expect((await facegate('audit', 'list', '--action', 'key.created')).stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(await facegate('audit', 'verify', '--expect', `2:${last.hash}`)).toMatchObject({ code: 0 });
    const lost = await facegate('audit', 'verify', '--json', '--expect', `3:${last.hash}`);
    expect(lost.code).toBe(1);
    expect(JSON.parse(lost.stdout)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('entry 3 is missing'),
    });
  });

  it.each([
    [['list', '--since', 'yesterday'], '--since must be a date'],
    [['list', '--action', 'subject.eaten'], '--action must be one of subject.created'],
    [['verify', '--expect', '3'], '--expect must be a number and 64'],
  ])('refuses %j', async (args, said) => {
    expect(await facegate('audit', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
  });
});
