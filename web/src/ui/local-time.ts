const two = (value: number) => String(value).padStart(2, '0');

/** A moment for `<input type="datetime-local">`: this browser's time, to the minute; empty where there is none. */
export function toLocalInput(iso: string | null): string {
  const date = new Date(iso ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return '';
  const year = String(date.getFullYear()).padStart(4, '0');
  return `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What such a field says, as ISO 8601 in UTC; null where it is empty or no moment. */
export function fromLocalInput(text: string): string | null {
  const date = new Date(text);
  return text === '' || Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** `Europe/Berlin` */
export const localZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;
