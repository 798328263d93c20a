import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../../config/app-error.ts';
import { parseDuration } from '../../../config/duration.ts';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { GalleryDatabase } from '../../../gallery/gallery-database.ts';
import type { SubjectRow } from '../../../gallery/gallery-rows.ts';
import { longUnseen } from '../../../gallery/retention.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';

interface RetentionCommandOptions extends SettingsOptions {
  after?: string;
  delete?: boolean;
}

const DAY_MS = 86_400_000;

export function addRetentionCommand(gallery: Command, context: CommandContext): void {
  const command = gallery
    .command('retention')
    .summary('who was not seen for long; delete them when told to')
    .description(
      'Lists the people who were neither recognised nor enrolled for gallery.retention.after, longest first. Deletes nobody ' +
        'without --delete. A running facegate looks by itself each day, where the setting is there.',
    )
    .option('--after <duration>', 'for so long, like 90d (default: gallery.retention.after)')
    .option('--delete', 'delete them, with all their faces');
  addSettingsOptions(command).action((options: RetentionCommandOptions) => run(options, context));
}

function run(options: RetentionCommandOptions, context: CommandContext): void {
  const { terminal } = context;
  const { settings, dataDir, baseDir, galleryKey, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const afterMs = options.after === undefined ? settings.gallery.retention?.after : durationFrom(options.after);
  if (afterMs === undefined) {
    throw new AppError('USAGE', 'say for how long: --after 365d, or gallery.retention.after in the configuration');
  }
  const place = galleryPlace({ settings, dataDir, baseDir, key: galleryKey });
  if (!existsSync(place.file)) throw new AppError('GALLERY_UNAVAILABLE', `there is no gallery ${place.file}`);
  using opened = new DisposableStack();
  const database = opened.adopt(new GalleryDatabase(place.file, place), (each) => each.close());
  const subjects: SubjectRow[] = [];
  database.readAll(new Set(), { subject: (row) => subjects.push(row), template: () => undefined });
  const nowMs = systemClock.wallMs();
  const unseen = longUnseen(subjects, database.templates(), { nowMs, afterMs });
  for (const { id, name, lastSignMs } of unseen) {
    terminal.print(`${id}  ${name}: last sign ${new Date(lastSignMs).toISOString().slice(0, 10)}`);
  }
  const which = `${unseen.length} of ${subjects.length} people were not seen for ${Math.round(afterMs / DAY_MS)} days`;
  if (options.delete !== true) {
    terminal.note(`${which}${unseen.length === 0 ? '' : '; --delete deletes them'}`);
    return;
  }
  const audit = opened.adopt(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }), (log) =>
    log.close(),
  );
  let deleted = 0;
  for (const { id, lastSignMs } of unseen) {
    if (!database.removeSubject(id)) continue;
    deleted += 1;
    audit.record({
      action: 'subject.deleted',
      by: commandLineCaller(),
      subject: id,
      details: { reason: 'retention', lastSign: new Date(lastSignMs).toISOString() },
    });
  }
  const emptied = database.checkpoint();
  terminal.note(`${which}; ${deleted} are deleted`);
  if (!emptied) terminal.note('what was deleted goes from the WAL with the next checkpoint of the running facegate');
}

function durationFrom(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= DAY_MS) return ms;
  throw new AppError('USAGE', `--after must be a duration of a day or more, like 90d, got "${text}"`);
}
