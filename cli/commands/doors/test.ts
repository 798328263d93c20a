import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { DoorSwitches } from '../../../access/door-switches.ts';
import { explainDoor, type Visitor } from '../../../access/explain-door.ts';
import { AppError } from '../../../config/app-error.ts';
import { galleryPlace } from '../../../config/gallery-place.ts';
import { nearestName } from '../../../config/nearest-name.ts';
import type { DoorSettings, Settings } from '../../../config/settings-schema.ts';
import { GalleryDatabase } from '../../../gallery/gallery-database.ts';
import type { SubjectRow } from '../../../gallery/gallery-rows.ts';
import { nameKey } from '../../../pipeline/name-key.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { CommandContext } from '../command-context.ts';
import { addSettingsOptions, collect, readSettings, type SettingsOptions } from '../settings-options.ts';
import { pickDoors } from './pick-doors.ts';

interface TestOptions extends SettingsOptions {
  subject: string;
  at?: string;
  door?: string[];
  json?: boolean;
}

export function addTestDoorCommand(doors: Command, context: CommandContext): void {
  const command = doors
    .command('test')
    .summary('would it open for somebody at some time, and why?')
    .description(
      'Says for each door whether it would open for somebody whom its cameras recognise, step by step, and when that ' +
        'changes. Needs no camera; reads the gallery, beside a running facegate or without one.',
    )
    .requiredOption('--subject <name>', 'who: the name or the id of somebody in the gallery')
    .option('--at <time>', 'when, like 2026-12-24T23:00, by the clock at the door (default: now)')
    .option('--door <id>', 'which door; may be given several times (default: all)', collect)
    .option('--json', 'print the answers as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  facegate doors test --config facegate.yaml --subject "Ada Lovelace" --at 2026-12-24T23:00',
    );
  addSettingsOptions(command).action((options: TestOptions) => test(options, context));
}

function test(options: TestOptions, context: CommandContext): void {
  const { terminal } = context;
  const { settings, dataDir, baseDir, galleryKey, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const doors = pickDoors(settings, options.door ?? settings.doors.map(({ id }) => id));
  if (doors.length === 0) throw new AppError('DOOR_NOT_FOUND', 'no door is configured (is --config missing?)');
  const place = galleryPlace({ settings, dataDir, baseDir, key: galleryKey });
  if (!existsSync(place.file)) throw new AppError('GALLERY_UNAVAILABLE', `there is no gallery ${place.file}`);
  const visitor = visitorOf(subjectNamed(options.subject, place));
  const switches = lockdowns(join(dataDir, 'doors.db'));
  const { name } = visitor.subject;
  const answers = doors.map((door) => {
    const timeZone = zoneOf(door, settings);
    const atMs = options.at === undefined ? systemClock.wallMs() : momentFrom(options.at, timeZone);
    const show = (ms: number, zone: string | null) => inWords(ms, zone ?? timeZone);
    const lockdown = switches.get(door.id) ?? null;
    const { reason, steps, changesAtMs } = explainDoor(
      { door, schedules: settings.schedules, lockdown, visitor, atMs },
      show,
    );
    return { door, atMs, show, reason, steps, changesAtMs };
  });
  if (options.json) {
    const plain = answers.map(({ door, atMs, reason, steps, changesAtMs }) => ({
      door: door.id,
      subject: visitor.subject,
      at: new Date(atMs).toISOString(),
      granted: reason === null,
      reason,
      steps,
      changesAt: changesAtMs === null ? null : new Date(changesAtMs).toISOString(),
    }));
    terminal.print(JSON.stringify(plain, null, 2));
    return;
  }
  for (const { door, atMs, show, reason, steps, changesAtMs } of answers) {
    terminal.print(`${door.id}: ${name} at ${show(atMs, null)}`);
    for (const { passed, text } of steps) terminal.print(`  ${passed ? 'yes' : 'NO '}  ${text}`);
    const changes = changesAtMs === null ? 'and stays so' : `until ${show(changesAtMs, null)}`;
    const verdict = reason === null ? 'granted' : `denied (${reason})`;
    terminal.print(`  ${verdict}, ${changes}`);
    if (reason === null) terminal.print(`  once a camera of it shows ${name} ${whatCamerasMustShow(door)}`);
  }
}

function whatCamerasMustShow({ cameras, confirm, maxAge, liveness }: DoorSettings): string {
  const times = confirm.matches === 1 ? 'in one picture' : `in ${confirm.matches} pictures within ${confirm.within} ms`;
  const live = liveness ? ', each of a live face' : '';
  return `${times}${live}, none older than ${maxAge} ms (${cameras.join(', ')})`;
}

function subjectNamed(who: string, place: ReturnType<typeof galleryPlace>): SubjectRow {
  const database = new GalleryDatabase(place.file, place);
  const subjects: SubjectRow[] = [];
  try {
    database.readAll(new Set(), { subject: (row) => subjects.push(row), template: () => undefined });
  } finally {
    database.close();
  }
  const key = nameKey(who);
  const found = subjects.find(({ id, name }) => id === key || nameKey(name) === key);
  if (found) return found;
  const near = nearestName(
    who,
    subjects.map(({ name }) => name),
  );
  const hint = near ? `did you mean ${near}?` : 'enrol them first: a door calls them unknown';
  throw new AppError('SUBJECT_NOT_FOUND', `nobody in the gallery has the name or id "${who.slice(0, 100)}"; ${hint}`);
}

function visitorOf({ id, name, groups, validFromMs, validUntilMs }: SubjectRow): Visitor {
  return { subject: { id, name }, groups, validFromMs, validUntilMs };
}

function lockdowns(file: string) {
  if (!existsSync(file)) return new Map<string, never>();
  const switches = new DoorSwitches(file);
  try {
    const active = [...switches.all()].filter(([, { active }]) => active);
    return new Map(
      active.map(([id, { sinceMs, by, reason }]) => [id, { since: new Date(sinceMs).toISOString(), by, reason }]),
    );
  } finally {
    switches.close();
  }
}

/** The clock that the door goes by; this machine's where none of its schedules says. */
function zoneOf(door: DoorSettings, { schedules }: Settings): string {
  const names = [door.schedule, ...door.allow.map(({ schedule }) => schedule)];
  const named = names.find((name) => name != null && Object.hasOwn(schedules, name));
  return (named != null && schedules[named]?.timeZone) || DateTime.local().zoneName;
}

function momentFrom(text: string, timeZone: string): number {
  const moment = DateTime.fromISO(text, { zone: timeZone });
  if (moment.isValid) return moment.toMillis();
  throw new AppError(
    'USAGE',
    `--at must be a time like 2026-12-24T23:00 or 2026-12-24T22:00Z, got "${text.slice(0, 100)}"`,
  );
}

/** `Thu 2026-12-24 23:00 (Europe/Berlin)` */
function inWords(ms: number, timeZone: string): string {
  return `${DateTime.fromMillis(ms, { zone: timeZone }).setLocale('en').toFormat('ccc yyyy-MM-dd HH:mm')} (${timeZone})`;
}
