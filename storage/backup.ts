import { createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { z } from 'zod';
import { AppError } from '../config/app-error.ts';
import { copyDatabase, copyPrivately, databasesIn, sha256Of } from './copy-databases.ts';
import { syncFile, syncFolder } from './durable-folder.ts';
import { planFileOf } from './finish-restore.ts';
import { sealArchive } from './sealed-archive.ts';
import { verifyAuditLog } from './verify-audit-log.ts';

export const MANIFEST = 'manifest.json';
/** The files of a backup. `gallery.key.next` opens a gallery whose change of keys was cut off (docs/security.md). */
export const BACKED_UP = /^[a-z0-9-]+\.(db|key|key\.next|head)$/i;
/** Not a name that somebody would give a folder of their own: what is left of it is removed. */
const STAGING = '.facegate-backup-';
/** What a backup that was killed left behind. */
const ABANDONED_MS = 86_400_000;

/** What stands in a backup beside its files. */
export const manifestSchema = z.object({
  format: z.literal('facegate-backup-1'),
  facegate: z.string(),
  createdAt: z.string(),
  /** The newest entry of the audit log, as far as that log is whole. */
  audit: z.object({ number: z.int(), hash: z.string() }).nullable(),
  files: z.array(z.object({ name: z.string().regex(BACKED_UP), bytes: z.int(), sha256: z.string() })),
});

export type BackupManifest = z.infer<typeof manifestSchema>;

export interface BackupOptions {
  dataDir: string;
  /** The file to write; must not be there. */
  file: string;
  version: string;
  nowMs: number;
  /** With the key files, sealed with this passphrase. Default: without them, as a plain `.tar.gz`. */
  passphrase?: string;
  /** Further key files (name in the backup, where it is), where they are outside of the data folder. */
  keyFiles?: ReadonlyMap<string, string>;
  onProgress?: (what: string, done: number, total: number) => void;
}

/**
 * Copies every database of a data folder, each in its state of one moment, into one file, while facegate runs. Models are
 * not in it (they are fetched anew), nor is the configuration.
 *
 * @throws {AppError} ARCHIVE_FAILED, and there is no file; ARCHIVE_INVALID when a database is damaged.
 */
export async function backUp(options: BackupOptions): Promise<BackupManifest> {
  const { dataDir, file, passphrase } = options;
  const names = databasesIn(dataDir);
  if (names.length === 0) throw new AppError('ARCHIVE_FAILED', `there is nothing to back up in ${dataDir}`);
  if (existsSync(planFileOf(dataDir))) {
    throw new AppError(
      'ARCHIVE_FAILED',
      `a restore into ${dataDir} was interrupted; "facegate restore --finish" first`,
    );
  }
  if (existsSync(file)) throw new AppError('ARCHIVE_FAILED', `there is a file ${file} already; it is not overwritten`);
  sweep(dataDir);
  // In the data folder: what is copied needs the same care, and the same kind of disk.
  const staging = mkdtempSync(join(dataDir, STAGING));
  const part = `${file}.part`;
  try {
    const keys = passphrase === undefined ? null : keysOf(dataDir, options.keyFiles ?? new Map());
    const before = keys && digestOf(keys);
    // Before the log itself, which only grows: the copy of the log then has the entry that this names.
    const files = copyPrivately(join(dataDir, 'audit.head'), join(staging, 'audit.head')) ? ['audit.head'] : [];
    for (const name of names) {
      await copyDatabase(join(dataDir, name), join(staging, name), (done, total) =>
        options.onProgress?.(`copying ${name}`, done, total),
      );
      files.push(name);
    }
    if (keys) {
      for (const [name, path] of keys) if (copyPrivately(path, join(staging, name))) files.push(name);
      // The databases may have been copied before a change of keys and the keys after it, when the old one is gone.
      if (digestOf(keys) !== before) {
        throw new AppError('ARCHIVE_FAILED', 'a key was changed while the backup was made; make it again');
      }
    }
    const manifest = await describeFiles(staging, files, options);
    writeFileSync(join(staging, MANIFEST), JSON.stringify(manifest, null, 2), { mode: 0o600 });
    const tar = Readable.from(
      create({ cwd: staging, gzip: true, portable: true }, [MANIFEST, ...files]) as unknown as AsyncIterable<Buffer>,
    );
    const out = createWriteStream(part, { mode: 0o600, flags: 'w' });
    if (passphrase === undefined) await pipeline(tar, out);
    else await pipeline(tar, (bytes: AsyncIterable<Buffer>) => sealArchive(bytes, { kind: 'backup', passphrase }), out);
    syncFile(part);
    renameSync(part, file);
    syncFolder(dirname(file));
    return manifest;
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof AppError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('ARCHIVE_FAILED', `the backup ${file} could not be written: ${said}`, { cause: error });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Every key file that there is or may come, by its name in a backup. */
function keysOf(dataDir: string, elsewhere: ReadonlyMap<string, string>): Map<string, string> {
  const own = readdirSync(dataDir).flatMap((name) => /^([a-z0-9-]+\.key)(\.next)?$/i.exec(name)?.[1] ?? []);
  const keys = new Map([...own.map((name) => [name, join(dataDir, name)] as const), ...elsewhere]);
  return new Map(
    [...keys].flatMap(([name, path]) => [[name, path] as const, [`${name}.next`, `${path}.next`] as const]),
  );
}

function digestOf(keys: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [name, path] of keys) hash.update(name).update(existsSync(path) ? readFileSync(path) : '');
  return hash.digest('hex');
}

async function describeFiles(folder: string, names: readonly string[], o: BackupOptions): Promise<BackupManifest> {
  const files: BackupManifest['files'] = [];
  for (const name of names) {
    const path = join(folder, name);
    files.push({ name, bytes: statSync(path).size, sha256: await sha256Of(path) });
  }
  return {
    format: 'facegate-backup-1',
    facegate: o.version,
    createdAt: new Date(o.nowMs).toISOString(),
    audit: names.includes('audit.db') ? verifyAuditLog(join(folder, 'audit.db')).last : null,
    files,
  };
}

function sweep(dataDir: string): void {
  for (const entry of readdirSync(dataDir, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith(STAGING)) continue;
    const path = join(dataDir, basename(entry.name));
    if (Date.now() - statSync(path).mtimeMs > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  }
}
