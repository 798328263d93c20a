import type { DoorSettings, Schedules } from '../config/door-settings.ts';
import type { Bearer } from './allow-list.ts';
import type { DenialReason } from './door.ts';
import { DoorPolicy } from './door-policy.ts';
import type { Lockdown } from './door-view.ts';
import { scheduleState } from './schedule.ts';

/** Somebody who is recognised, as far as doors ask about them. */
export interface Visitor extends Bearer {
  /** Wall clock; null: from the start. */
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
}

export interface ExplainOptions {
  door: DoorSettings;
  schedules: Schedules;
  lockdown: Lockdown | null;
  visitor: Visitor;
  /** Wall clock. */
  atMs: number;
}

/** One thing that a door asks for. */
export interface ExplainedStep {
  readonly passed: boolean;
  readonly text: string;
}

export interface ExplainedDecision {
  /** Null where it opens. */
  readonly reason: DenialReason | null;
  readonly steps: readonly ExplainedStep[];
  /** When the answer will be another one, as things are now; null where it will not within two years. */
  readonly changesAtMs: number | null;
}

/** More changes of schedules than these are not followed. */
const MOST_CHANGES = 400;

/**
 * What a door would say to somebody whom its cameras recognise at that moment, and why: the steps in the order the door
 * takes them, all of them, so that one sees everything that is in the way.
 *
 * @param show writes a moment in words, in the time zone `timeZone`, or in one of its own choice where it is null.
 */
export function explainDoor(
  o: ExplainOptions,
  show: (ms: number, timeZone: string | null) => string,
): ExplainedDecision {
  const { reason } = decide(o, o.atMs);
  return { reason, steps: steps(o, show), changesAtMs: nextChange(o, reason) };
}

function decide({ door, schedules, lockdown, visitor }: ExplainOptions, atMs: number): { reason: DenialReason | null } {
  if (lockdown) return { reason: 'locked_down' };
  if (!isValid(visitor, atMs)) return { reason: 'expired' };
  return { reason: new DoorPolicy(door, schedules).refusalOf(visitor, atMs) };
}

function steps(
  { door, schedules, lockdown, visitor, atMs }: ExplainOptions,
  show: Parameters<typeof explainDoor>[1],
): ExplainedStep[] {
  const { name } = visitor.subject;
  const found: ExplainedStep[] = [
    lockdown
      ? {
          passed: false,
          text: `the door is locked down since ${lockdown.since} by ${lockdown.by}${lockdown.reason ? ` (${lockdown.reason})` : ''}`,
        }
      : { passed: true, text: 'the door is not locked down' },
    { passed: isValid(visitor, atMs), text: validity(visitor, atMs, show) },
  ];
  const schedule = (schedule: string): ExplainedStep => {
    const of = Object.hasOwn(schedules, schedule) ? schedules[schedule] : undefined;
    if (!of) return { passed: false, text: `there is no schedule "${schedule}"` };
    const { open, changesAtMs, exception } = scheduleState(of, atMs);
    const next = changesAtMs === null ? 'for good' : `until ${show(changesAtMs, of.timeZone)}`;
    const why = exception === null ? '' : `, by its exception of ${exception}`;
    return { passed: open, text: `schedule "${schedule}" is ${open ? 'open' : 'closed'} ${next}${why}` };
  };
  const entries = new DoorPolicy(door, schedules).entriesFor(visitor);
  if (entries.length === 0) {
    const { groups } = visitor;
    const theirs = groups.length === 0 ? 'they are in none' : `they are in ${groups.join(', ')}`;
    found.push({ passed: false, text: `doors.allow names neither ${name} nor a group of theirs (${theirs})` });
  }
  for (const entry of entries) {
    const index = door.allow.indexOf(entry);
    const whom = entry.group === null ? `"${entry.subject}"` : `the group "${entry.group}"`;
    const always = entry.schedule === null;
    const named = `allow[${index}] names ${whom}, ${always ? 'at all times' : `by schedule "${entry.schedule}"`}`;
    found.push({ passed: true, text: named });
    if (entry.schedule !== null) found.push(schedule(entry.schedule));
  }
  if (door.schedule !== undefined) {
    const { passed, text } = schedule(door.schedule);
    found.push({ passed, text: `the door opens by schedule "${door.schedule}"; ${text}` });
  }
  return found;
}

function isValid({ validFromMs, validUntilMs }: Visitor, atMs: number): boolean {
  return atMs >= (validFromMs ?? Number.NEGATIVE_INFINITY) && atMs < (validUntilMs ?? Number.POSITIVE_INFINITY);
}

function validity(
  { subject: { name }, validFromMs, validUntilMs }: Visitor,
  atMs: number,
  show: Parameters<typeof explainDoor>[1],
): string {
  if (validFromMs !== null && atMs < validFromMs) return `${name} is valid from ${show(validFromMs, null)} on`;
  if (validUntilMs === null) return `${name} is valid without end`;
  return `${name} ${atMs < validUntilMs ? 'is' : 'was'} valid until ${show(validUntilMs, null)}`;
}

function nextChange(o: ExplainOptions, reason: DenialReason | null): number | null {
  const { door, schedules, visitor, lockdown } = o;
  // Nobody knows when it will be released.
  if (lockdown) return null;
  const entries = new DoorPolicy(door, schedules).entriesFor(visitor);
  const names = [door.schedule, ...entries.map(({ schedule }) => schedule)].filter((name) => name != null);
  const named = [...new Set(names)].flatMap((name) => (Object.hasOwn(schedules, name) ? [schedules[name]!] : []));
  const bounds = [visitor.validFromMs, visitor.validUntilMs].filter((ms) => ms !== null);
  for (let [atMs, n] = [o.atMs, 0]; n < MOST_CHANGES; n += 1) {
    const changes = named.map((schedule) => scheduleState(schedule, atMs).changesAtMs).filter((ms) => ms !== null);
    const later = [...changes, ...bounds].filter((ms) => ms > atMs);
    if (later.length === 0) return null;
    atMs = Math.min(...later);
    if (decide(o, atMs).reason !== reason) return atMs;
  }
  return null;
}
