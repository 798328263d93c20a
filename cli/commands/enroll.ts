import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { deviceEnvironment } from '../../config/device-environment.ts';
import { galleryPlace } from '../../config/gallery-place.ts';
import { enrolFromImage } from '../../gallery/enrol-from-image.ts';
import { enrolmentMinimum } from '../../gallery/enrolment-minimum.ts';
import { openGallery } from '../../gallery/subject-gallery.ts';
import { embeddingSpace } from '../../models/embedding-space.ts';
import { openAnalyser } from '../../models/open-analyser.ts';
import { nameKey } from '../../pipeline/name-key.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { decodeImage } from '../../server/pictures/decode-image.ts';
import type { CommandContext } from './command-context.ts';
import { openLog } from './log.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from './settings-options.ts';

export function addEnrollCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('enroll')
    .summary('make a person known from pictures')
    .description(
      'Make a person known from one or more pictures, each with exactly one face. A running facegate with the same data folder notices within a second.',
    )
    .argument('<name>', 'who it is; a name that is known already gets further pictures')
    .argument('<images...>', 'JPEG, PNG or WebP files')
    .addHelpText('after', '\nExample:\n  facegate enroll "Ada Lovelace" ada-1.jpg ada-2.jpg');
  addSettingsOptions(command).action((name: string, images: string[], options: SettingsOptions) =>
    enroll(name, images, options, context),
  );
}

async function enroll(
  name: string,
  images: string[],
  options: SettingsOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const { settings, baseDir, dataDir, mirrors, modelsFolder, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const log = openLog(options.logLevel ?? 'warn');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const { analyser: networks, embedder } = await openAnalyser({
    // Nobody is judged here beyond whether the face is fit.
    models: { ...settings.models, processes: 1, scorers: [] },
    oodThreshold: settings.recognition.oodThreshold,
    dir: join(dataDir, 'models'),
    mirrors,
    modelsFolder,
    starter: false,
    environment: deviceEnvironment(context.env),
    clock: systemClock,
    log,
    onProgress: (model, done, total) => terminal.progress(`fetching ${model}`, done, total),
  });
  await using analyser = networks;
  await using gallery = openGallery({
    ...galleryPlace({ settings, dataDir, baseDir, key: context.env.FACEGATE_GALLERY_KEY }),
    ...embeddingSpace(embedder),
    log,
    clock: systemClock,
  });
  let refused = 0;
  const known = gallery.subjects().find((subject) => nameKey(subject.name) === nameKey(name));
  const subject = known ?? gallery.createSubject({ name });
  let taken = 0;
  for (const file of images) {
    try {
      const image = await decodeImage(await readPicture(file), {
        name: 'the file',
        maxBytes: settings.server.maxImageBytes,
      });
      const { quality } = await enrolFromImage({
        gallery,
        analyser,
        subjectId: subject.id,
        image,
        source: basename(file),
        required: enrolmentMinimum(settings),
        threshold: settings.recognition.threshold ?? embedder.calibration.threshold,
      });
      taken += 1;
      terminal.print(
        `${file}: enrolled as ${subject.name}${quality === null ? '' : `, quality ${quality.toFixed(2)}`}`,
      );
    } catch (error) {
      refused += 1;
      terminal.note(`${file}: ${AppError.from(error).message}`);
    }
  }
  // A name without a single picture would never be recognised; leave nothing behind.
  if (!known && taken === 0) gallery.removeSubject(subject.id);
  if (refused > 0) process.exitCode = 1;
}

async function readPicture(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const folder = (error as NodeJS.ErrnoException).code === 'EISDIR';
    const why = folder ? 'this is a folder, not a picture' : 'there is no such file, or it cannot be read';
    throw new AppError('IMAGE_MISSING', why, { cause: error });
  }
}
