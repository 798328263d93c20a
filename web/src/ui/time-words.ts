const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

const DATE_AND_TIME = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const EXACT = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
  timeZoneName: 'short',
});

const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString();

/** `14:02:11`, on another day `20 Nov 14:02:11`. */
export function clockTime(at: number | string, nowMs: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const time = CLOCK.format(date);
  return sameDay(date, new Date(nowMs)) ? time : `${DAY.format(date)} ${time}`;
}

export function dateOf(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '–' : DATE.format(date);
}

/** `3 Dec 2026, 18:00` */
export function dateAndTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '–' : DATE_AND_TIME.format(date);
}

/** `14:02:11`, whatever day it is. */
export function timeOfDay(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '–' : CLOCK.format(date);
}

/** `21 Nov 2026, 14:02:11.120 CET` */
export function exactTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '–' : EXACT.format(date);
}

/** `Today, 21 Nov 2026`, `Yesterday, …`, `Thursday, …`: by this browser's clock. */
export function dayWords(at: string, nowMs: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  const now = new Date(nowMs);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const day = sameDay(date, now) ? 'Today' : sameDay(date, yesterday) ? 'Yesterday' : WEEKDAY.format(date);
  return `${day}, ${DATE.format(date)}`;
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 days ago`. */
export function agoWords(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 2) return 'just now';
  return `${spanWords(seconds)}${NBSP}ago`;
}

const NBSP = '\u00a0';

/** `1.6 ms`, `97 ms`, from one second on `3.5 s`, from ten on `12 s`. */
export function durationWords(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)}${NBSP}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${NBSP}ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}${NBSP}s`;
  return spanWords(ms / 1000);
}

/** A span in its largest fitting unit; figure and unit stay on one line. */
export function spanWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)}${NBSP}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}${NBSP}min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}${NBSP}h`;
  return `${Math.round(seconds / 86_400)}${NBSP}days`;
}
