import { AppError } from '../../config/app-error.ts';

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/**
 * The moment until which somebody is known, wall-clock milliseconds: of a day (`2027-01-31`) its end, by this machine's
 * clock; else the moment itself (`2027-01-31T18:00Z`).
 *
 * @throws {AppError} USAGE when it is no date.
 */
export function validUntil(text: string): number {
  const [, year, month, day] = DAY.exec(text) ?? [];
  const date = day ? new Date(Number(year), Number(month) - 1, Number(day) + 1) : new Date(text);
  // 31 February would be another day.
  const exists = !day || new Date(`${text}T00:00Z`).toJSON()?.startsWith(text) === true;
  if (Number.isFinite(date.getTime()) && exists && /^\d{4}-/.test(text)) return date.getTime();
  throw new AppError('USAGE', `--valid-until must be a date like 2027-01-31 or 2027-01-31T18:00Z, got "${text}"`);
}
