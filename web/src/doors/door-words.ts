import { ERROR_CODES } from '../../../config/error-codes.ts';
import type { DoorView, LockdownView } from '../api/api-types.ts';

/** Whether its schedule lets the door open now, in words; a lock-down is another matter. */
export function scheduleWords({ schedule, openNow }: Pick<DoorView, 'schedule' | 'openNow'>): string {
  if (schedule === null) return 'No schedule';
  return `Schedule “${schedule}”: ${openNow ? 'open' : 'closed'} now`;
}

/** `by key front desk: fire drill`; why facegate itself locked it down, as a sentence. */
export function lockdownWords({ by, reason }: Pick<LockdownView, 'by' | 'reason'>): string {
  if (reason === null) return `by ${by}`;
  const means = Object.hasOwn(ERROR_CODES, reason) ? ERROR_CODES[reason as keyof typeof ERROR_CODES].means : null;
  return `by ${by}: ${means ?? reason}`;
}

const LEFT_OUT: readonly { part: keyof DoorView['stats']; means: string }[] = [
  { part: 'stale', means: 'too old' },
  { part: 'degraded', means: 'damaged' },
  { part: 'broken', means: 'without a usable time' },
];

/** `12 granted, 3 denied`. */
export function answerCounts({ granted, denied }: DoorView['stats']): string {
  return `${granted.toLocaleString()} granted, ${denied.toLocaleString()} denied`;
}

/** Pictures with faces that nothing was decided by: `4 too old, 1 damaged`; null where there were none. */
export function leftOutCounts(stats: DoorView['stats']): string | null {
  const parts = LEFT_OUT.filter(({ part }) => stats[part] > 0);
  return parts.length === 0
    ? null
    : parts.map(({ part, means }) => `${stats[part].toLocaleString()} ${means}`).join(', ');
}

/** `Lobby`, `Lobby and Back door`, `Lobby, Back door and 3 more`. */
export function doorNames(doors: readonly Pick<DoorView, 'name'>[]): string {
  const names = doors.map(({ name }) => name);
  if (names.length > 3) return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
