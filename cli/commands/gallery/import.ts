import { createReadStream, existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../../config/app-error.ts';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { type ImportReport, importGallery, NO_EMBEDDING } from '../../../gallery/archive-import.ts';
import { GalleryDatabase } from '../../../gallery/gallery-database.ts';
import { AUTO } from '../../../models/choose-models.ts';
import { silentLog } from '../../../pipeline/silent-log.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import { openArchive } from '../../../storage/sealed-archive.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { galleryLimits } from '../gallery-limits.ts';
import { addPassphraseOption, type PassphraseOptions, readPassphrase } from '../passphrase.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';

interface ImportCommandOptions extends SettingsOptions, PassphraseOptions {}

export function addImportCommand(gallery: Command, context: CommandContext): void {
  const command = gallery
    .command('import')
    .summary('take in the people of an export, beside those who are there')
    .description(
      'Takes in the people of a file that "facegate gallery export" wrote. Who is there already, by id or by name, stays as ' +
        'they are and gets the faces that they lack; what differs is printed. Everything is checked before anything is ' +
        'written. A running facegate notices within a second.',
    )
    .argument('<file>', 'what was exported')
    .addHelpText('after', '\nExample:\n  facegate gallery import people.fggallery');
  addSettingsOptions(addPassphraseOption(command)).action((file: string, options: ImportCommandOptions) =>
    run(resolve(file), options, context),
  );
}

async function run(file: string, options: ImportCommandOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { settings, dataDir, baseDir, galleryKey, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  if (!existsSync(file)) throw new AppError('ARCHIVE_FAILED', `${file}: there is no such file`);
  const passphrase = await readPassphrase(options, context, 'known');
  const place = galleryPlace({ settings, dataDir, baseDir, key: galleryKey });
  using opened = new DisposableStack();
  const limits = opened.use(await galleryLimits(dataDir, silentLog));
  const database = opened.adopt(new GalleryDatabase(place.file, place, limits), (each) => each.close());
  const audit = opened.adopt(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }), (log) =>
    log.close(),
  );
  const by = commandLineCaller();
  const report = await importGallery({
    database,
    content: () => openArchive(readable(file), { kind: 'gallery', passphrase }),
    keepImages: place.keepImages,
    onCreated: (subject) =>
      audit.record({ action: 'subject.created', by, subject, details: { source: 'import', file: basename(file) } }),
    onProgress: (what, done, total) => terminal.progress(what, done, total, 'lines'),
  });
  const { created, merged, faces, conflicts } = report;
  audit.record({
    action: 'gallery.imported',
    by,
    subject: null,
    details: { file: basename(file), created, merged, faces, conflicts: conflicts.length },
  });
  const { embedder } = settings.models;
  tell(report, embedder.model === 'auto' ? AUTO.embedder : embedder.model, terminal);
}

async function* readable(file: string): AsyncGenerator<Buffer> {
  try {
    for await (const bytes of createReadStream(file)) yield bytes as Buffer;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('ARCHIVE_FAILED', `${file} could not be read: ${said}`, { cause: error });
  }
}

function tell(report: ImportReport, embedder: string, { print, note }: CommandContext['terminal']): void {
  const { created, merged, faces, facesThere, imagesLeft, models, conflicts, head } = report;
  print(`${created} people are new, ${merged} were here; ${faces} faces are new, ${facesThere} were here`);
  for (const [model, count] of models) {
    if (model === embedder) continue;
    note(
      model === NO_EMBEDDING
        ? `${count} faces came as pictures alone and are not searched; "facegate gallery reembed" enrols them`
        : `${count} faces are of the model ${model}: kept, and not searched by ${embedder}`,
    );
  }
  if (!head.embeddings && !head.images) note('it was exported without faces: enrol them, or export with --embeddings');
  if (imagesLeft > 0) note(`${imagesLeft} pictures were left out: gallery.keepImages is off`);
  if (conflicts.length > 0) note(`${conflicts.length} conflicts; the gallery stayed as it was in these:`);
  for (const conflict of conflicts) note(`  ${conflict}`);
}
