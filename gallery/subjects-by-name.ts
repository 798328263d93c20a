import { AppError } from '../config/app-error.ts';
import { nameKey } from '../pipeline/name-key.ts';

/** The part of a list of subjects that is asked for. */
export interface SubjectsQuery {
  /** Part of the name, in any case. */
  readonly query?: string | undefined;
  /** Members of this group only. */
  readonly group?: string | undefined;
  /** The `next` of the part before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

interface Entry {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  groups: readonly string[];
}

/** One collator for all: `localeCompare` makes one for each comparison. */
const collator = new Intl.Collator('en');

/**
 * Subjects in the order of their names. One more or less moves the others by one place instead of sorting them anew, so
 * that a list can be read while a hundred thousand are being enrolled.
 */
export class SubjectsByName {
  readonly #entries = new Map<string, Entry>();
  /** Null: not in order yet. */
  #ordered: Entry[] | null = null;

  put({ id, name, groups }: { id: string; name: string; groups: readonly string[] }): void {
    const known = this.#entries.get(id);
    if (known?.name === name) {
      known.groups = groups;
      return;
    }
    this.remove(id);
    const entry = { id, name, key: nameKey(name), groups };
    this.#entries.set(id, entry);
    this.#ordered?.splice(this.#placeOf(entry), 0, entry);
  }

  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#ordered?.splice(this.#placeOf(entry), 1);
  }

  clear(): void {
    this.#entries.clear();
    this.#ordered = null;
  }

  /** Puts them in order, which 100,000 take a moment for: at the start rather than in front of whoever asks first. */
  order(): readonly Entry[] {
    this.#ordered ??= [...this.#entries.values()].sort(inOrder);
    return this.#ordered;
  }

  ids(): string[] {
    return this.order().map(({ id }) => id);
  }

  /**
   * @returns `next` is null at the end.
   * @throws {AppError} REQUEST_INVALID when `after` is no `next` of ours.
   */
  page(o: SubjectsQuery): { ids: string[]; next: string | null } {
    const ordered = this.order();
    const wanted = nameKey(o.query ?? '');
    const ids: string[] = [];
    let place = o.after === undefined ? 0 : this.#placeAfter(fromCursor(o.after));
    let last: Entry | null = null;
    for (; place < ordered.length; place += 1) {
      const entry = ordered[place] as Entry;
      if (o.group !== undefined && !entry.groups.includes(o.group)) continue;
      if (!entry.key.includes(wanted)) continue;
      if (ids.length === o.limit) return { ids, next: last && cursorOf(last) };
      ids.push(entry.id);
      last = entry;
    }
    return { ids, next: null };
  }

  #placeAfter(entry: Pick<Entry, 'id' | 'name'>): number {
    const place = this.#placeOf(entry);
    // It may be gone by now; then those behind it begin right here.
    return this.order()[place]?.id === entry.id ? place + 1 : place;
  }

  /** Where it stands, or would stand. */
  #placeOf(entry: Pick<Entry, 'id' | 'name'>): number {
    const ordered = this.order();
    let [low, high] = [0, ordered.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (inOrder(ordered[middle] as Entry, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function inOrder(a: Pick<Entry, 'id' | 'name'>, b: Pick<Entry, 'id' | 'name'>): number {
  const byName = collator.compare(a.name, b.name);
  if (byName !== 0) return byName;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** A place in the list that outlives whoever stood there. */
function cursorOf({ name, id }: Entry): string {
  return Buffer.from(JSON.stringify([name, id])).toString('base64url');
}

function fromCursor(cursor: string): Pick<Entry, 'id' | 'name'> {
  try {
    const [name, id, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (typeof name === 'string' && typeof id === 'string' && rest.length === 0) return { name, id };
  } catch {
    // Said below.
  }
  throw new AppError('REQUEST_INVALID', 'query "after" must be the "next" of an answer before');
}
