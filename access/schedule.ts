import { DateTime, IANAZone } from 'luxon';
import { DAYS, type Schedule } from '../config/door-settings.ts';

/** Milliseconds since 1970; open from `fromMs` until before `untilMs`. */
export interface OpenSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface ScheduleState {
  readonly open: boolean;
  /** When it opens or closes next; null where it does not within two years. */
  readonly changesAtMs: number | null;
  /** The date (there) of the exception that holds at that time; null where the usual times do. */
  readonly exception: string | null;
}

interface Times {
  readonly from: number;
  readonly until: number;
}

const LOOK_AHEAD_DAYS = 731;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Whether the schedule is open at that moment; closed where the moment is none.
 *
 * A span lasts from the first moment at which the clock on the wall there shows `from` or later to the first moment at which
 * it shows `until` or later: where summer time skips `until`, it closes at the jump, and where an hour comes twice, with its
 * first `until`. A span that goes over midnight belongs to the day it begins on; it ends at midnight where it would run into
 * an exception that it is not part of.
 */
export function isOpen(schedule: Schedule, atMs: number): boolean {
  return spansAround(schedule, atMs).some(({ fromMs, untilMs }) => atMs >= fromMs && atMs < untilMs);
}

/** The same, with what comes next. Slower: it looks ahead. */
export function scheduleState(schedule: Schedule, atMs: number): ScheduleState {
  const open = isOpen(schedule, atMs);
  if (!Number.isFinite(atMs)) return { open, changesAtMs: null, exception: null };
  const zone = IANAZone.create(schedule.timeZone);
  const today = dateAt(atMs, zone);
  return { open, changesAtMs: nextChange(schedule, atMs, open), exception: exceptionOn(schedule, today)?.date ?? null };
}

function nextChange(schedule: Schedule, atMs: number, open: boolean): number | null {
  const zone = IANAZone.create(schedule.timeZone);
  let date = addDays(dateAt(atMs, zone), -1);
  let untilMs = open ? atMs : Number.NEGATIVE_INFINITY;
  for (let day = 0; day <= LOOK_AHEAD_DAYS; day += 1, date = addDays(date, 1)) {
    for (const span of spansOf(schedule, date, zone)) {
      if (!open && span.fromMs > atMs) return span.fromMs;
      // Spans that touch or overlap are one.
      if (open && span.fromMs <= untilMs) untilMs = Math.max(untilMs, span.untilMs);
    }
    if (open && untilMs > atMs && untilMs < instantOf(addDays(date, 1), 0, zone)) return untilMs;
  }
  return null;
}

/** Those that begin on the day of `atMs` there, and on the day before. */
function spansAround(schedule: Schedule, atMs: number): OpenSpan[] {
  if (!Number.isFinite(atMs)) return [];
  const zone = IANAZone.create(schedule.timeZone);
  const today = dateAt(atMs, zone);
  return [...spansOf(schedule, addDays(today, -1), zone), ...spansOf(schedule, today, zone)];
}

/** Those that begin on `date`, the earliest first. */
function spansOf(schedule: Schedule, date: string, zone: IANAZone): OpenSpan[] {
  const exception = exceptionOn(schedule, date);
  const times: readonly Times[] = exception ? exception.times : usualTimes(schedule, date);
  const tomorrow = addDays(date, 1);
  const next = exceptionOn(schedule, tomorrow);
  const staysOpen = next === null || next === exception;
  return times
    .map(({ from, until }) => {
      const overMidnight = until < from;
      const lastMinute = overMidnight && staysOpen ? until : 0;
      return {
        fromMs: instantOf(date, from, zone),
        untilMs: overMidnight ? instantOf(tomorrow, lastMinute, zone) : instantOf(date, until, zone),
      };
    })
    .filter(({ fromMs, untilMs }) => fromMs < untilMs)
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** Of several that name the date, the first. Dates compare as text. */
function exceptionOn({ except }: Schedule, date: string) {
  return except.find((one) => date >= one.date && date <= (one.until ?? one.date)) ?? null;
}

function usualTimes({ times }: Schedule, date: string): readonly Times[] {
  const day = DAYS[DateTime.fromISO(date, { zone: 'utc' }).weekday - 1]!;
  return times.filter(({ days }) => days.includes(day));
}

function dateAt(atMs: number, zone: IANAZone): string {
  return DateTime.fromMillis(atMs, { zone }).toFormat('yyyy-MM-dd');
}

function addDays(date: string, days: number): string {
  return DateTime.fromISO(date, { zone: 'utc' }).plus({ days }).toFormat('yyyy-MM-dd');
}

/** The first moment at which the clock there shows `minutes` after midnight of `date`, or later. */
function instantOf(date: string, minutes: number, zone: IANAZone): number {
  // As if the zone were UTC; 24:00 is the next midnight.
  const local = Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE_MS;
  const offset = (atMs: number) => zone.offset(atMs) * MINUTE_MS;
  const candidates = [offset(local - DAY_MS), offset(local + DAY_MS)].map((ms) => local - ms);
  const shown = candidates.filter((atMs) => atMs + offset(atMs) === local);
  if (shown.length > 0) return Math.min(...shown);
  // The clock there never shows it: it jumps over it between the two.
  let [before, after] = [Math.min(...candidates), Math.max(...candidates)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offset(middle) < local) before = middle;
    else after = middle;
  }
  return after;
}
