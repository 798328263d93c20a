import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { AppError } from '../../../config/app-error.ts';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { type ExportReport, exportGallery } from '../../../gallery/archive-export.ts';
import { GalleryDatabase } from '../../../gallery/gallery-database.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import { syncFile, syncFolder } from '../../../storage/durable-folder.ts';
import { sealArchive } from '../../../storage/sealed-archive.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addPassphraseOption, type PassphraseOptions, readPassphrase } from '../passphrase.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';

interface ExportCommandOptions extends SettingsOptions, PassphraseOptions {
  embeddings?: boolean;
  images?: boolean;
}

export function addExportCommand(gallery: Command, context: CommandContext): void {
  const command = gallery
    .command('export')
    .summary('write the people into a file that is sealed with a passphrase')
    .description(
      'Writes the subjects (names, groups, notes, validity, consent) into one file, sealed with a passphrase. Faces come ' +
        'along only where they are asked for: faces can be rebuilt from embeddings.',
    )
    .argument('<file>', 'the file to write')
    .option('--embeddings', 'with the embeddings, so that the people are recognised where it is imported')
    .option('--images', 'with the pictures that are kept, so that they can be enrolled again for another model')
    .addHelpText('after', '\nExample:\n  facegate gallery export people.fggallery --embeddings');
  addSettingsOptions(addPassphraseOption(command)).action((file: string, options: ExportCommandOptions) =>
    run(file, options, context),
  );
}

async function run(target: string, options: ExportCommandOptions, context: CommandContext): Promise<void> {
  const { terminal, version } = context;
  const { settings, dataDir, baseDir, galleryKey, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const place = galleryPlace({ settings, dataDir, baseDir, key: galleryKey });
  if (!existsSync(place.file)) throw new AppError('GALLERY_UNAVAILABLE', `there is no gallery ${place.file}`);
  const file = resolve(target);
  if (existsSync(file)) throw new AppError('ARCHIVE_FAILED', `there is a file ${file} already; it is not overwritten`);
  const passphrase = await readPassphrase(options, context, 'new');
  using opened = new DisposableStack();
  const database = opened.adopt(new GalleryDatabase(place.file, place), (each) => each.close());
  const audit = opened.adopt(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }), (log) =>
    log.close(),
  );
  const report: ExportReport = { subjects: 0, faces: 0, damaged: [] };
  const [embeddings, images] = [options.embeddings === true, options.images === true];
  const lines = exportGallery(
    {
      database,
      version,
      nowMs: systemClock.wallMs(),
      embeddings,
      images,
      onProgress: (done, total) => terminal.progress('exporting', done, total, 'faces'),
    },
    report,
  );
  const part = `${file}.part`;
  try {
    await pipeline(
      Readable.from(lines),
      (bytes: AsyncIterable<Buffer>) => sealArchive(bytes, { kind: 'gallery', passphrase }),
      createWriteStream(part, { mode: 0o600 }),
    );
    syncFile(part);
    const { subjects, faces, damaged } = report;
    // Before it can be taken away under its name: nothing leaves that is not written down.
    audit.record({
      action: 'gallery.exported',
      by: commandLineCaller(),
      subject: null,
      details: { file: basename(file), subjects, faces, embeddings, images, damaged: damaged.length },
    });
    renameSync(part, file);
    syncFolder(dirname(file));
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof AppError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('ARCHIVE_FAILED', `${file} could not be written: ${said}`, { cause: error });
  }
  for (const id of report.damaged) terminal.note(`face ${id} is damaged and left out; enrol that face again`);
  const what = embeddings || images ? ` with ${report.faces} faces` : ', without their faces';
  terminal.print(`${file}: ${report.subjects} subjects${what}`);
  if (report.damaged.length > 0) process.exitCode = 1;
}
