import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../config/app-error.ts';
import { galleryPlace } from '../../config/gallery-place.ts';
import { enrolmentMinimum } from '../../gallery/enrolment-minimum.ts';
import { enrolPictures, type PictureOutcome } from '../../gallery/folder/enrol-pictures.ts';
import { listPeople, type PassedOver, type PictureFile } from '../../gallery/folder/list-people.ts';
import { openGallery } from '../../gallery/subject-gallery.ts';
import { subjectName } from '../../gallery/subject-name.ts';
import { embeddingSpace } from '../../models/embedding-space.ts';
import { openAnalyser } from '../../models/open-analyser.ts';
import { previousSpace } from '../../models/previous-space.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { decodeImage } from '../../server/pictures/decode-image.ts';
import { facePicture } from '../../server/pictures/face-picture.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { validUntil } from '../enroll/valid-until.ts';
import { reportFormat, writeReport } from '../enroll/write-report.ts';
import { environmentFor } from './choose-tenant.ts';
import type { CommandContext } from './command-context.ts';
import { commandLineCaller } from './command-line-caller.ts';
import { galleryLimits } from './gallery-limits.ts';
import { openLog } from './log.ts';
import { addSettingsOptions, collect, readSettings, type SettingsOptions } from './settings-options.ts';
import type { Terminal } from './terminal.ts';

interface EnrollOptions extends SettingsOptions {
  folder?: string;
  group?: string[];
  validUntil?: number;
  not?: boolean;
  force?: boolean;
  dryRun?: boolean;
  report?: string;
}

/** Pictures of which each is decoded to 48 MB at most. */
const AT_ONCE = 2;

export function addEnrollCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('enroll')
    .summary('make people known from pictures')
    .description(
      'Make a person known from one or more pictures, each with exactly one face, or everybody in a folder. A picture is refused, with the reason, when it shows no face, more than one, a face that is not fit to be recognised, or one that looks like somebody else. A running facegate with the same data folder notices within a second.',
    )
    .argument('[name]', 'who it is; a name that is known already gets further pictures')
    .argument('[images...]', 'JPEG, PNG or WebP files')
    .option(
      '--folder <folder>',
      'enrol everybody in a folder: a sub-folder is a person, with all pictures in it; so is a single file, by its name. Run it again to go on after a break: files that were enrolled are skipped',
    )
    .option('--group <group>', 'put them into a group as well; repeatable', collect)
    .option('--valid-until <date>', 'known until the end of that day (2027-01-31), or that moment', validUntil)
    .option('--not', 'the pictures show somebody who is NOT them: a look-alike, a poster')
    .option('--force', 'enrol faces that look like somebody else, too')
    .option('--dry-run', 'say what would be enrolled and what refused; enrol nothing')
    .option('--report <file>', 'write what became of each picture to a .json or .csv file')
    .addHelpText(
      'after',
      '\nExamples:\n  facegate enroll "Ada Lovelace" ada-1.jpg ada-2.jpg\n  facegate enroll --folder people/ --group staff --report refused.csv',
    );
  addSettingsOptions(command).action((name: string | undefined, images: string[], options: EnrollOptions) =>
    enroll(name, images, options, context),
  );
}

async function enroll(
  name: string | undefined,
  images: string[],
  options: EnrollOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const { pictures, passedOver } = await asked(name, images, options.folder);
  if (options.report !== undefined) reportFormat(options.report);
  if (pictures.length === 0 && passedOver.length === 0) {
    throw new AppError('USAGE', `--folder ${options.folder}: there is nothing in it`);
  }
  const read = readSettings(options, context);
  const { settings, baseDir, dataDir, galleryKey, mirrors, modelsFolder, warnings } = read;
  for (const warning of warnings) terminal.note(warning);
  const log = openLog(options.logLevel ?? 'warn');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const atOnce = Math.min(AT_ONCE, availableParallelism(), Math.max(1, pictures.length));
  const {
    analyser: networks,
    embedder,
    previous,
  } = await openAnalyser({
    // Nobody is judged here beyond whether the face is fit.
    models: { ...settings.models, processes: atOnce, scorers: [] },
    oodThreshold: settings.recognition.oodThreshold,
    dir: read.modelsDir,
    mirrors,
    modelsFolder,
    starter: false,
    environment: await environmentFor(read, context.env),
    clock: systemClock,
    log,
    onProgress: (model, done, total) => terminal.progress(`fetching ${model}`, done, total),
  });
  await using analyser = networks;
  using limits = await galleryLimits(dataDir, log);
  await using gallery = openGallery({
    ...galleryPlace({ settings, dataDir, baseDir, key: galleryKey }),
    ...embeddingSpace(embedder),
    // Whom the face may belong to already, though by the previous model.
    previous: previous && previousSpace(embedder, previous),
    limits,
    log,
    clock: systemClock,
  });
  using audit = asDisposable(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }));
  const by = commandLineCaller();
  const interrupt = new AbortController();
  const stop = () => {
    terminal.note('stopping after the pictures in work; once more ends at once');
    interrupt.abort();
  };
  process.once('SIGINT', stop);
  const isFolder = options.folder !== undefined;
  const { maxImageBytes: maxBytes } = settings.server;
  const outcomes = await enrolPictures({
    gallery,
    analyser,
    pictures,
    maxBytes,
    decode: (bytes) => decodeImage(bytes, { name: 'the file', maxBytes }),
    picture: settings.gallery.keepImages ? facePicture : undefined,
    required: enrolmentMinimum(settings),
    threshold: settings.recognition.threshold ?? embedder.calibration.threshold,
    kind: options.not ? 'negative' : 'positive',
    force: options.force ?? false,
    dryRun: options.dryRun ?? false,
    terms: {
      ...(options.group && { groups: options.group }),
      ...(options.validUntil !== undefined && { validUntilMs: options.validUntil }),
    },
    atOnce,
    signal: interrupt.signal,
    record: (entry) => audit.log.record({ ...entry, by }),
    onDone: (outcome, done) => {
      if (isFolder) terminal.progress('enrolling', done, pictures.length, 'pictures');
      else tell(terminal, outcome, options);
    },
  }).finally(() => process.off('SIGINT', stop));

  const all = [...outcomes, ...passedOver.map(asOutcome)];
  if (isFolder) summarise(terminal, all, options);
  if (outcomes.length < pictures.length) {
    terminal.note(`stopped with ${pictures.length - outcomes.length} pictures left; run it again to go on`);
  }
  if (options.report !== undefined) writeReport(options.report, all);
  if (all.some(({ outcome }) => outcome === 'refused') || outcomes.length < pictures.length) process.exitCode = 1;
}

/** @throws {AppError} USAGE, REQUEST_INVALID when the name is none. */
async function asked(
  name: string | undefined,
  images: string[],
  folder: string | undefined,
): Promise<{ pictures: readonly PictureFile[]; passedOver: readonly PassedOver[] }> {
  if (folder !== undefined) {
    if (name === undefined) return listPeople(folder);
    throw new AppError('USAGE', `--folder takes names and pictures from the folder; leave out "${name}"`);
  }
  if (name === undefined) {
    const usage = 'facegate enroll NAME IMAGE…, or facegate enroll --folder people/';
    throw new AppError('USAGE', `missing required argument 'name': ${usage}`);
  }
  if (images.length === 0) {
    throw new AppError('USAGE', 'which pictures? facegate enroll "Ada Lovelace" ada-1.jpg ada-2.jpg');
  }
  const person = subjectName(name);
  return {
    pictures: images.map((path) => ({ name: person, path, label: path, source: basename(path) })),
    passedOver: [],
  };
}

function asOutcome({ label, name, code, message }: PassedOver): PictureOutcome {
  return { label, name: name ?? '', outcome: 'refused', code, message, quality: null, isNew: false };
}

/** Of a few pictures, each as it is done. */
function tell(
  terminal: Terminal,
  { label, name, outcome, message, quality }: PictureOutcome,
  { not = false, dryRun = false }: EnrollOptions,
): void {
  if (outcome === 'refused') terminal.note(`${label}: ${message}`);
  else if (outcome === 'already') terminal.print(`${label}: enrolled as ${name} already`);
  else {
    const deed = dryRun ? 'would be enrolled' : 'enrolled';
    const measured = quality === null ? '' : `, quality ${quality.toFixed(2)}`;
    terminal.print(`${label}: ${deed} as ${not ? 'not ' : ''}${name}${measured}`);
    if (message !== null) terminal.note(`${label}: ${message}`);
  }
}

/** Of a folder: what was refused and why, then the figures. */
function summarise(terminal: Terminal, outcomes: readonly PictureOutcome[], { dryRun = false }: EnrollOptions): void {
  const of = (outcome: PictureOutcome['outcome']) => outcomes.filter((each) => each.outcome === outcome);
  const [enrolled, already, refused] = [of('enrolled'), of('already'), of('refused')];
  const noted = enrolled.filter(({ message }) => message !== null);
  if (refused.length + noted.length > 0) {
    terminal.table([
      ['file', 'person', 'outcome', 'why'],
      ...[...refused, ...noted].map(({ label, name, outcome, message }) => [label, name, outcome, message ?? '']),
    ]);
  }
  const people = new Set(enrolled.map(({ name }) => name));
  const fresh = new Set(enrolled.filter(({ isNew }) => isNew).map(({ name }) => name));
  terminal.note(
    `${outcomes.length} files: ${enrolled.length} ${dryRun ? 'would be ' : ''}enrolled (${people.size} people, ${fresh.size} of them new), ${already.length} there already, ${refused.length} refused`,
  );
}

function asDisposable<T extends { close(): void }>(log: T): { log: T } & Disposable {
  return { log, [Symbol.dispose]: () => log.close() };
}
