import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { galleryPlace } from '../../config/gallery-place.ts';
import { GalleryDatabase } from '../../gallery/gallery-database.ts';
import type { AuditEntry } from '../../pipeline/audit.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { backUp } from '../../storage/backup.ts';
import { databasesIn } from '../../storage/copy-databases.ts';
import { finishRestore } from '../../storage/finish-restore.ts';
import { folderLimits } from '../../storage/folder-limits.ts';
import { lockFolder } from '../../storage/folder-lock.ts';
import { type Restored, restore } from '../../storage/restore.ts';
import { verifyAuditLog } from '../../storage/verify-audit-log.ts';
import type { CommandContext } from './command-context.ts';
import { commandLineCaller } from './command-line-caller.ts';
import { roomOf } from './gallery-limits.ts';
import { addPassphraseOption, type PassphraseOptions, readPassphrase } from './passphrase.ts';
import { addSettingsOptions, type CommandSettings, readSettings, type SettingsOptions } from './settings-options.ts';
import { sizeOf } from './terminal.ts';

interface BackupCommandOptions extends SettingsOptions, PassphraseOptions {
  withKeys?: boolean;
}

interface RestoreCommandOptions extends SettingsOptions, PassphraseOptions {
  finish?: boolean;
}

export function addBackupCommands(program: Command, context: CommandContext): void {
  const backup = program
    .command('backup')
    .summary('copy gallery, events, keys, cameras and audit log into one file, while facegate runs')
    .description(
      'Copies every database of the data folder into one file, each in its state of one moment, while facegate runs. ' +
        'Embeddings and pictures stay sealed, and the keys that open them are not in it: keep those elsewhere, or take ' +
        '--with-keys, which seals the whole backup with a passphrase. Models and the configuration are not in it.',
    )
    .argument('<target>', 'the file to write, or a folder: then the file is named after the moment')
    .option('--with-keys', 'with the key files, the whole sealed with a passphrase')
    .addHelpText(
      'after',
      '\nExamples:\n  facegate backup /mnt/backups/\n  facegate backup everything.fgbackup --with-keys --passphrase-file ~/backup.pass',
    );
  addSettingsOptions(addPassphraseOption(backup)).action((target: string, options: BackupCommandOptions) =>
    makeBackup(target, options, context),
  );
  const back = program
    .command('restore')
    .summary('put the databases of a backup into the place of those of the data folder')
    .description(
      'Checks a backup and puts its databases into the place of those of the data folder: all of them or none. facegate ' +
        'must not run on that folder. The former files are kept in a folder beside them. The audit log is not turned back ' +
        'where it goes on from the one of the backup.',
    )
    .argument('[file]', 'what "facegate backup" wrote')
    .option('--finish', 'go on with a restore that was interrupted');
  addSettingsOptions(addPassphraseOption(back)).action((file: string | undefined, options: RestoreCommandOptions) =>
    bringBack(file, options, context),
  );
}

/** What a backup takes is not known before it is made; the databases without the empty room in them come near. */
async function refuseIntoFull(dataDir: string, file: string): Promise<void> {
  const { diskBytes } = folderLimits(dataDir);
  const isInside = !relative(realpathSync(dataDir), realpathSync(dirname(file))).startsWith('..');
  if (diskBytes === null || !isInside) return;
  const room = roomOf(dataDir, diskBytes);
  await room.look();
  room.check();
  const bytes = databasesIn(dataDir).reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0);
  if ((room.bytes ?? 0) + bytes <= diskBytes) return;
  throw new AppError(
    'DISK_LIMIT',
    `the data folder takes ${room.bytes} of ${diskBytes} bytes; a backup of ${bytes} has no room in it, put it elsewhere`,
    { details: { bytes: room.bytes, limitBytes: diskBytes } },
  );
}

async function makeBackup(target: string, options: BackupCommandOptions, context: CommandContext): Promise<void> {
  const { terminal, version } = context;
  const command = readSettings(options, context);
  const { dataDir } = command;
  if (!existsSync(dataDir)) throw new AppError('ARCHIVE_FAILED', `there is no data folder ${dataDir}`);
  const nowMs = systemClock.wallMs();
  const file = targetFile(target, nowMs, options.withKeys === true);
  await refuseIntoFull(dataDir, file);
  const passphrase = options.withKeys ? await readPassphrase(options, context, 'new') : undefined;
  const { files, createdAt } = await backUp({
    dataDir,
    file,
    version,
    nowMs,
    ...(passphrase !== undefined && { passphrase, keyFiles: keysElsewhere(command) }),
    onProgress: (what, done, total) => terminal.progress(what, done, total),
  });
  record(dataDir, {
    action: 'gallery.backed_up',
    by: commandLineCaller(),
    subject: null,
    details: { file: basename(file), createdAt, withKeys: passphrase !== undefined },
  });
  const { problem } = verifyAuditLog(join(dataDir, 'audit.db'));
  if (problem !== null) terminal.note(`the audit log is not whole, here as in the backup: ${problem}`);
  terminal.print(`${file}: ${files.map(({ name }) => name).join(', ')} (${sizeOf(statSync(file).size)})`);
  if (passphrase === undefined && existsSync(join(dataDir, 'gallery.db'))) {
    terminal.note(
      'the keys that open embeddings, pictures and camera passwords are not in it; keep them apart from it',
    );
  }
  if (command.galleryKey !== undefined && passphrase !== undefined) {
    terminal.note('FACEGATE_GALLERY_KEY comes from the environment and is not in the backup');
  }
}

function targetFile(target: string, nowMs: number, sealed: boolean): string {
  const path = resolve(target);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  if (!isFolder && /[\\/]$/.test(target)) throw new AppError('USAGE', `there is no folder ${path}`);
  if (isFolder) {
    const moment = new Date(nowMs).toISOString().replace(/\.\d+/, '').replaceAll(':', '');
    return join(path, `facegate-${moment}${sealed ? '.fgbackup' : '.tar.gz'}`);
  }
  if (!existsSync(dirname(path))) throw new AppError('USAGE', `there is no folder ${dirname(path)}`);
  return path;
}

/** The gallery's key where the settings keep it elsewhere. */
function keysElsewhere({ settings, baseDir }: CommandSettings): ReadonlyMap<string, string> {
  const { keyFile } = settings.gallery;
  return new Map(keyFile === undefined ? [] : [['gallery.key', resolve(baseDir, keyFile)]]);
}

async function bringBack(
  file: string | undefined,
  options: RestoreCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const { dataDir, settings, baseDir, galleryKey } = readSettings(options, context);
  if ((file === undefined) !== (options.finish === true)) {
    throw new AppError('USAGE', 'give the file of a backup, or --finish to go on with a restore that was interrupted');
  }
  const lock = lockFolder(dataDir);
  try {
    if (file === undefined) {
      const former = finishRestore(dataDir);
      terminal.print(former === null ? 'no restore was interrupted' : `restored; the former files are in ${former}`);
      return;
    }
    const restored = await restore({
      dataDir,
      file: resolve(file),
      passphrase: () => readPassphrase(options, context, 'known'),
      nowMs: systemClock.wallMs(),
      onProgress: (what) => terminal.status(`${what} …`),
    });
    const { createdAt, facegate, files } = restored.manifest;
    const undone = sinceThen(dataDir, restored);
    record(dataDir, {
      action: 'gallery.restored',
      by: commandLineCaller(),
      subject: null,
      details: { file: basename(file), createdAt, auditLog: restored.audit, ...counts(undone) },
    });
    const brought = files
      .map(({ name }) => name)
      .filter((name) => restored.audit === 'taken' || !name.startsWith('audit.'));
    terminal.print(`restored from ${createdAt} (facegate ${facegate}): ${brought.join(', ')}`);
    tell(restored, undone, terminal.note);
    if (files.some(({ name }) => name === 'gallery.db')) {
      tryKey(galleryPlace({ settings, dataDir, baseDir, key: galleryKey }), terminal.note);
    }
    if (settings.gallery.keyFile !== undefined && files.some(({ name }) => name === 'gallery.key')) {
      terminal.note(`the gallery's key was put into ${dataDir}; gallery.keyFile names ${settings.gallery.keyFile}`);
    }
  } finally {
    lock.release();
  }
}

/** Says so where the key that is here is not the one that the restored gallery is sealed under. */
function tryKey(place: ReturnType<typeof galleryPlace>, say: (line: string) => void): void {
  try {
    new GalleryDatabase(place.file, place).close();
  } catch (error) {
    const { code, message } = AppError.from(error);
    say(`facegate will not start with the restored gallery yet: ${message}`);
    if (code === 'GALLERY_KEY_WRONG') {
      say(
        'bring the key of that time (a key file kept elsewhere, or by rotate-key --keep-old), or restore a backup made --with-keys',
      );
    }
    process.exitCode = 1;
  }
}

interface Undone {
  /** Ids of subjects that were deleted after the backup was made. */
  readonly deleted: readonly string[];
  /** Keys that were revoked after it. */
  readonly revoked: readonly string[];
}

/** What was taken away since the backup was made, and is there again. */
function sinceThen(dataDir: string, { audit, manifest }: Restored): Undone {
  if (audit !== 'kept') return { deleted: [], revoked: [] };
  // A folder whose log began after the backup has the moment only.
  const from = manifest.audit === null ? { sinceMs: Date.parse(manifest.createdAt) } : { after: manifest.audit.number };
  const log = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
  try {
    const of = (action: 'subject.deleted' | 'key.revoked') => log.read({ ...from, limit: 10_000, actions: [action] });
    return {
      deleted: of('subject.deleted').flatMap(({ subject }) => subject ?? []),
      revoked: of('key.revoked').map(({ details }) => String(details.name ?? details.id ?? 'a key')),
    };
  } finally {
    log.close();
  }
}

const counts = ({ deleted, revoked }: Undone) => ({ deletedSince: deleted.length, revokedSince: revoked.length });

function tell({ former, audit }: Restored, { deleted, revoked }: Undone, say: (line: string) => void): void {
  if (deleted.length > 0) {
    say(`deleted since that backup, and there again: ${deleted.join(', ')}; delete them again (DELETE /subjects/ID)`);
  }
  if (revoked.length > 0) say(`revoked since that backup, and valid again: ${revoked.join(', ')}; revoke them again`);
  if (audit === 'taken' && former !== null)
    say(`the audit log is the backup's now; the one that was here is in ${former}`);
  if (former !== null) say(`the former files are in ${former}; delete that folder when you are content`);
}

function record(dataDir: string, entry: AuditEntry): void {
  const log = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
  try {
    log.record(entry);
  } finally {
    log.close();
  }
}
