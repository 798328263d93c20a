import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { extract } from 'tar';
import { AppError } from '../config/app-error.ts';
import type { ChainLink } from './audit-chain.ts';
import { BACKED_UP, type BackupManifest, MANIFEST, manifestSchema } from './backup.ts';
import { checkDatabase, databasesIn, sha256Of } from './copy-databases.ts';
import { BUSY_TIMEOUT_MS } from './database-file.ts';
import { syncFile, syncFolder } from './durable-folder.ts';
import { decideRestore, finishRestore } from './finish-restore.ts';
import { giveToOwner } from './give-to-owner.ts';
import { isSealedArchive, openArchive } from './sealed-archive.ts';

/** The lock-downs of doors. */
const DOORS = 'doors.db';
const STAGED = '.facegate-restore';

export interface RestoreOptions {
  /** A folder whose lock the caller holds. */
  dataDir: string;
  file: string;
  /** Asked for where the backup is sealed. */
  passphrase: () => Promise<string>;
  nowMs: number;
  onProgress?: (what: string, done: number, total: number) => void;
}

export interface Restored {
  readonly manifest: BackupManifest;
  /** `kept`: the folder's own audit log goes on from the one in the backup. `taken`: the one of the backup is the log now. */
  readonly audit: 'kept' | 'taken' | 'none';
  /** Folder with the files that were there before; to be deleted by whoever is content. */
  readonly former: string | null;
}

/** Whether a backup was sealed with a passphrase. @throws {AppError} ARCHIVE_FAILED */
export function isSealedFile(file: string): boolean {
  const head = Buffer.alloc(8);
  try {
    const handle = openSync(file, 'r');
    try {
      readSync(handle, head, 0, head.length, 0);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new AppError('ARCHIVE_FAILED', `${file}: ${why}`, { cause: error });
  }
  return isSealedArchive(head);
}

/**
 * Puts the databases of a backup into the place of those of a data folder: all of them or, when it throws, none. Everything
 * is unpacked beside them and checked first. The audit log is not turned back where the one of the folder goes on from the
 * one of the backup: what happened since did happen.
 *
 * @throws {AppError} ARCHIVE_INVALID; ARCHIVE_FAILED; DATA_FOLDER_IN_USE when another process has one of the databases open.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { dataDir } = options;
  finishRestore(dataDir);
  const staged = join(dataDir, STAGED);
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true, mode: 0o700 });
  giveToOwner(staged);
  let decided = false;
  const locks: DatabaseSync[] = [];
  try {
    await unpack(options, staged);
    const manifest = await checkedManifest(staged, options);
    const audit = auditOf(dataDir, staged, manifest);
    for (const name of databasesIn(dataDir)) locks.push(lockDatabase(join(dataDir, name)));
    // Which doors are locked down now is not turned back: one could come open by it.
    const staying = [
      ...(audit === 'taken' ? [] : ['audit.db', 'audit.head']),
      ...(existsSync(join(dataDir, DOORS)) ? [DOORS] : []),
    ];
    const incoming = manifest.files.map(({ name }) => name).filter((name) => !staying.includes(name));
    const going = new Set([...databasesIn(dataDir), ...incoming]);
    for (const name of staying) going.delete(name);
    // A log that belongs to another database would be played into the new one.
    for (const name of [...going]) for (const log of ['-wal', '-shm', '-journal']) going.add(`${name}${log}`);
    if (audit === 'taken') going.add('audit.head');
    for (const name of incoming) syncFile(join(staged, name));
    syncFolder(staged);
    const former = `before-restore-${new Date(options.nowMs).toISOString().replace(/[^0-9TZ]/g, '')}`;
    decideRestore(dataDir, { staged: STAGED, former, out: [...going], in: incoming });
    decided = true;
    const formerDir = finishRestore(dataDir);
    // Who opened a database before the exchange and waits for us would go on with the former one: it gives up first.
    if (locks.length > 0) await sleep(BUSY_TIMEOUT_MS + 500);
    return { manifest, audit, former: formerDir };
  } finally {
    for (const lock of locks) lock.close();
    if (!decided) rmSync(staged, { recursive: true, force: true });
  }
}

async function unpack({ file, passphrase, onProgress }: RestoreOptions, staged: string): Promise<void> {
  const sealed = isSealedFile(file);
  const words = sealed ? await passphrase() : '';
  const refused: string[] = [];
  const into = extract({
    cwd: staged,
    strict: true,
    preserveOwner: false,
    noChmod: true,
    filter: (path, entry) => {
      const plain = 'type' in entry && entry.type === 'File' && (path === MANIFEST || BACKED_UP.test(path));
      if (!plain) refused.push(path);
      else onProgress?.(`unpacking ${path}`, 0, entry.size ?? 0);
      return plain;
    },
  });
  try {
    const bytes = createReadStream(file);
    const plain = sealed ? openArchive(bytes, { kind: 'backup', passphrase: words }) : bytes;
    // By hand, since a stream's pipeline takes its `close`, which says that all was handed over, for the end: `finish` says
    // that all is written.
    let failed = false;
    const written = new Promise<void>((resolve, reject) => {
      into.once('finish', resolve);
      // It may have several things against one archive.
      into.on('error', (error: unknown) => {
        failed = true;
        reject(error);
      });
    });
    written.catch(() => undefined);
    for await (const chunk of plain) {
      const more = into.write(chunk as Buffer);
      if (failed) break;
      if (!more) await Promise.race([once(into, 'drain'), written]);
    }
    into.end();
    await written;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('ARCHIVE_INVALID', `${file} is no backup of facegate, or it is damaged: ${said}`, {
      cause: error,
    });
  }
  if (refused.length > 0) throw notABackup(file, `it holds ${JSON.stringify(refused[0]?.slice(0, 100))}`);
}

async function checkedManifest(staged: string, { file, onProgress }: RestoreOptions): Promise<BackupManifest> {
  let manifest: BackupManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(join(staged, MANIFEST), 'utf8')));
  } catch (cause) {
    throw notABackup(file, 'it has no manifest that this facegate understands', cause);
  }
  const there = new Set(readdirSync(staged));
  for (const [at, { name, sha256 }] of manifest.files.entries()) {
    onProgress?.('checking', at, manifest.files.length);
    const path = join(staged, name);
    if (!there.delete(name)) throw notABackup(file, `${name} is missing`);
    if ((await sha256Of(path)) !== sha256) throw notABackup(file, `${name} is not the file that was backed up`);
    // Whatever mode the archive gave it.
    chmodSync(path, 0o600);
    giveToOwner(path);
    if (name.endsWith('.db')) checkDatabase(path, `${name} of the backup`);
  }
  there.delete(MANIFEST);
  if (there.size > 0) throw notABackup(file, `${[...there][0]} stands in no manifest`);
  return manifest;
}

function notABackup(file: string, why: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_INVALID', `${file} is no whole backup of facegate: ${why}`, { cause });
}

function auditOf(dataDir: string, staged: string, { audit }: BackupManifest): Restored['audit'] {
  const inBackup = existsSync(join(staged, 'audit.db'));
  const own = join(dataDir, 'audit.db');
  if (!existsSync(own)) return inBackup ? 'taken' : 'none';
  if (!inBackup || audit === null) return 'kept';
  return holds(own, audit) ? 'kept' : 'taken';
}

/** Whether the entry stands in that log. */
function holds(auditFile: string, { number, hash }: ChainLink): boolean {
  if (number === 0) return true;
  const database = new DatabaseSync(auditFile, { readOnly: true });
  try {
    return database.prepare('SELECT hash FROM entries WHERE number = ?').get(number)?.hash === hash;
  } catch {
    return false; // no audit log at all, or a damaged one: the backup's is better
  } finally {
    database.close();
  }
}

/**
 * Keeps everybody else out of a database until it is closed. Leaving the write-ahead log behind is only possible while
 * nobody else has the database open, whatever they do: that is how it is known.
 */
function lockDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    const said = error instanceof Error ? error.message : String(error);
    if (/not a database|malformed/.test(said)) return new DatabaseSync(':memory:'); // damaged: nobody can have it open
    throw new AppError('DATA_FOLDER_IN_USE', `another process has ${file} open (${said}); end it first`, {
      cause: error,
    });
  }
}
