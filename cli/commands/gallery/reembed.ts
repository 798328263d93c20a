import { join } from 'node:path';
import type { Command } from 'commander';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { enrolmentMinimum } from '../../../gallery/enrolment-minimum.ts';
import { reembed } from '../../../gallery/reembed.ts';
import { openGallery } from '../../../gallery/subject-gallery.ts';
import { embeddingSpace } from '../../../models/embedding-space.ts';
import { openAnalyser } from '../../../models/open-analyser.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { decodeImage } from '../../../server/pictures/decode-image.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import { environmentFor } from '../choose-tenant.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { galleryLimits } from '../gallery-limits.ts';
import { openLog } from '../log.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';

export function addReembedCommand(gallery: Command, context: CommandContext): void {
  const command = gallery
    .command('reembed')
    .summary('enrol the kept pictures again for the present model')
    .description(
      'After `models.embedder.model` was changed: embeds every kept picture (gallery.keepImages) with the new model. The old ' +
        'faces stay, so that one can go back. Goes on where it was cut off; a running facegate takes each face in at once.',
    );
  addSettingsOptions(command).action((options: SettingsOptions) => run(options, context));
}

async function run(options: SettingsOptions, context: CommandContext): Promise<void> {
  const { terminal, env } = context;
  const read = readSettings(options, context);
  const { settings, dataDir, baseDir, galleryKey, mirrors, modelsFolder, warnings } = read;
  for (const warning of warnings) terminal.note(warning);
  const { previous } = settings.models.embedder;
  const log = openLog(options.logLevel ?? 'warn');
  const { analyser: networks, embedder } = await openAnalyser({
    // Nobody is judged here beyond whether the face is fit, nor looked up.
    models: { ...settings.models, scorers: [], embedder: { ...settings.models.embedder, previous: undefined } },
    oodThreshold: settings.recognition.oodThreshold,
    dir: read.modelsDir,
    mirrors,
    modelsFolder,
    starter: false,
    environment: await environmentFor(read, env),
    clock: systemClock,
    log,
    onProgress: (model, done, total) => terminal.progress(`fetching ${model}`, done, total),
  });
  await using analyser = networks;
  using limits = await galleryLimits(dataDir, log);
  await using gallery = openGallery({
    ...galleryPlace({ settings, dataDir, baseDir, key: galleryKey }),
    ...embeddingSpace(embedder),
    limits,
    log,
    clock: systemClock,
  });
  using opened = new DisposableStack();
  const audit = opened.adopt(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }), (log) =>
    log.close(),
  );
  const { done, refused, unrecognisable } = await reembed({
    gallery,
    analyser,
    decode: (jpeg) => decodeImage(jpeg, { name: 'the kept picture', maxBytes: Number.POSITIVE_INFINITY }),
    required: enrolmentMinimum(settings),
    onProgress: (count, total) => terminal.progress('embedding', count, total, 'pictures'),
    onReembedded: (template) =>
      audit.record({
        action: 'template.added',
        by: commandLineCaller(),
        subject: template.subjectId,
        details: { face: template.id, model: template.model, source: 'reembed' },
      }),
  });
  for (const { template, why } of refused) {
    terminal.note(`${gallery.subject(template.subjectId).name}, ${template.source || template.id}: ${why}`);
  }
  terminal.print(`faces enrolled for ${embedder.name}: ${done}; refused: ${refused.length}`);
  if (unrecognisable.length > 0) {
    const fate =
      previous === undefined ? 'recognised no more' : `known by ${previous} alone, until models.embedder.previous goes`;
    terminal.note(`these people are ${fate}; enrol them again, no picture of them is kept that would do:`);
    for (const { name } of unrecognisable) terminal.note(`  ${name}`);
  }
  if (refused.length > 0 || unrecognisable.length > 0) process.exitCode = 1;
  else if (previous !== undefined) {
    terminal.note(`everybody is enrolled for ${embedder.name}: take models.embedder.previous out of the settings`);
  }
}
