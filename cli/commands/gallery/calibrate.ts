import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../../config/app-error.ts';
import { changeSettingsFile } from '../../../config/change-settings-file.ts';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { type Calibration, calibrateGallery } from '../../../gallery/calibration/calibrate-gallery.ts';
import { calibrationPlot } from '../../../gallery/calibration/calibration-plot.ts';
import type { EnrolledTemplate } from '../../../gallery/calibration/enrolled-templates.ts';
import { openGallery, type SubjectGallery } from '../../../gallery/subject-gallery.ts';
import { embeddingSpace } from '../../../models/embedding-space.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { openLog } from '../log.ts';
import { addSettingsOptions, type CommandSettings, readSettings, type SettingsOptions } from '../settings-options.ts';
import { basisWords, figureRows, histogramRows, meaningWords, suspectWords } from './calibration-words.ts';
import { embedderEntry } from './embedder-entry.ts';

interface CalibrateOptions extends SettingsOptions {
  far: number;
  marginCost: number;
  all?: true;
  plot?: string;
  json?: true;
  write?: true;
}

/** Lines of each list that people get; JSON has up to a hundred. */
const MOST_LINES = 20;

export function addCalibrateCommand(gallery: Command, context: CommandContext): void {
  const command = gallery
    .command('calibrate')
    .summary('fit threshold and margin to the people who are enrolled')
    .description(
      'Fits recognition.threshold and recognition.margin to the people who are enrolled here: each template is searched as ' +
        'if it were not, and compared with its own subject and with all others. Names subjects that are easily confused and ' +
        'templates that look mislabelled. Says what a gallery is too small to tell. Changes nothing without --write.',
    )
    .option('--far <rate>', 'false accepts wanted in one comparison with a stranger, 1e-7 to 1e-2', Number, 1e-3)
    .option('--margin-cost <share>', 'searches for an enrolled person that the margin may turn away', Number, 0.005)
    .option('--all', 'search a large gallery with as many templates as fit into memory, however long it takes')
    .option('--plot <file>', 'draw the similarities as SVG')
    .option('--json', 'print the report as JSON, with ids')
    .option('--write', 'write what was fitted into the configuration file, and into the audit log')
    .addHelpText('after', '\nExample:\n  facegate gallery calibrate --config facegate.yaml --far 1e-4 --write');
  addSettingsOptions(command).action((options: CalibrateOptions) => calibrate(options, context));
}

async function calibrate(options: CalibrateOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const loaded = readSettings(options, context);
  const { settings, dataDir, baseDir, galleryKey, warnings, file: settingsFile, entry } = loaded;
  for (const warning of warnings) terminal.note(warning);
  if (options.write && settingsFile === null) {
    throw new AppError('USAGE', '--write needs the configuration file to write into: --config FILE');
  }
  if (options.write && entry?.settings !== undefined) {
    throw new AppError(
      'USAGE',
      `--write needs a file of the tenant's own: the settings of "${entry.id}" stand in ${settingsFile}; give it a file (config:), or write recognition.threshold there yourself`,
    );
  }
  const log = openLog(options.logLevel ?? 'warn');
  const embedder = await embedderEntry(options, context);
  const place = galleryPlace({ settings, dataDir, baseDir, key: galleryKey });
  if (!existsSync(place.file)) {
    throw new AppError('GALLERY_UNAVAILABLE', `there is no gallery at ${place.file}; --data names another folder`);
  }
  await using gallery = openGallery({ ...place, ...embeddingSpace(embedder), log, clock: systemClock });
  const { notSearched } = gallery.size;
  if (notSearched > 0) {
    terminal.note(`${notSearched} templates of another model than ${embedder.name}, or damaged, are left out`);
  }
  const now = {
    threshold: settings.recognition.threshold ?? embedder.calibration.threshold,
    margin: settings.recognition.margin ?? embedder.calibration.margin,
  };
  const names = new Map(gallery.subjects().map(({ id, name }) => [id, name]));
  const report = calibrateGallery({
    templates: searched(gallery),
    nameOf: (id) => names.get(id) ?? id,
    now,
    far: options.far,
    marginCost: options.marginCost,
    ...(options.all && { mostProducts: Number.POSITIVE_INFINITY }),
    onProgress: everyPercent((done, total) => terminal.progress('comparing', done, total, 'templates')),
  });
  if (options.plot !== undefined) writePlot(options.plot, report);
  if (options.json) terminal.print(JSON.stringify({ model: embedder.name, ...report }, null, 2));
  else print(report, context);
  if (options.write) write(report, loaded, { embedder: embedder.name, now }, context);
  else if (!options.json && report.threshold) {
    terminal.note('nothing was changed; --write writes what was fitted into the configuration file');
  }
}

/** What a search compares with: what somebody is *not* does not count. */
function* searched(gallery: Pick<SubjectGallery, 'embeddings'>): Generator<EnrolledTemplate> {
  for (const { template, vector } of gallery.embeddings()) {
    const { id, subjectId, source, kind } = template;
    if (kind === 'positive') yield { id, subjectId, source, vector };
    vector.fill(0);
  }
}

function everyPercent(say: (done: number, total: number) => void): (done: number, total: number) => void {
  let said = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent !== said) say(done, total);
    said = percent;
  };
}

function print(report: Calibration, { terminal }: CommandContext): void {
  const paragraph = (lines: readonly string[]) => {
    if (lines.length === 0) return;
    for (const line of lines) terminal.print(line);
    terminal.print('');
  };
  paragraph(basisWords(report));
  const bars = histogramRows(report);
  if (bars.length > 0) {
    terminal.table(bars);
    terminal.print('');
  }
  terminal.table(figureRows(report));
  terminal.print('');
  if (report.cannotSay.length > 0) {
    paragraph(['this gallery cannot tell:', ...report.cannotSay.map((line) => `  ${line}`)]);
  }
  paragraph(meaningWords(report));
  for (const line of suspectWords(report, MOST_LINES)) terminal.print(line);
}

function writePlot(file: string, report: Calibration): void {
  try {
    writeFileSync(file, calibrationPlot(report));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('USAGE', `the plot could not be written to ${file}: ${code}`, { cause });
  }
}

function write(
  { threshold, margin, wantedFar, comparisons }: Calibration,
  { settings, file, dataDir }: CommandSettings,
  { embedder, now }: { embedder: string; now: { threshold: number; margin: number } },
  { terminal }: CommandContext,
): void {
  if (!threshold || file === null) {
    process.exitCode = 1;
    terminal.note('nothing was written: no threshold could be fitted');
    return;
  }
  const fitted = { threshold: threshold.value, margin: margin?.value ?? now.margin };
  using opened = new DisposableStack();
  // Before the file is changed: what cannot be written down is not done.
  const audit = opened.adopt(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }), (log) =>
    log.close(),
  );
  const changed = changeSettingsFile(file, {
    recognition: { threshold: fitted.threshold, ...(margin && { margin: margin.value }) },
  });
  if (changed.length === 0) {
    terminal.note(`${file} says so already`);
    return;
  }
  audit.record({
    action: 'threshold.changed',
    by: commandLineCaller(),
    subject: null,
    // As a start records its rules, so that the next one finds them unchanged.
    details: {
      ...fitted,
      embedder,
      oodThreshold: settings.recognition.oodThreshold,
      formerThreshold: now.threshold,
      formerMargin: now.margin,
      far: wantedFar,
      comparisons,
    },
  });
  terminal.note(`${file}:`);
  for (const { kind, line, text } of changed) {
    terminal.note(`${kind === 'added' ? '+' : '-'} ${line}: ${text ?? '… (other settings too)'}`);
  }
  if (!margin) terminal.note('the margin was left as it is');
  terminal.note('a running facegate goes by it after its next start');
}
