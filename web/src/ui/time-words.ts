const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

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

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 days ago`. */
export function agoWords(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 2) return 'just now';
  return `${spanWords(seconds)} ago`;
}

/** A span in its largest fitting unit. */
export function spanWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
