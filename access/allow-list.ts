import type { AllowEntry } from '../config/door-settings.ts';
import type { SubjectRef } from '../pipeline/face.ts';
import { looksLikeId, nameKey } from '../pipeline/name-key.ts';

/** Somebody as a door's list sees them. */
export interface Bearer {
  readonly subject: SubjectRef;
  readonly groups: readonly string[];
}

/**
 * The entries of a door's list that are about somebody. An entry that has the form of an id is an id, and no name can have
 * that form; any other entry is a name, or a group, in any case. A name means whoever bears it now: whoever is deleted and
 * enrolled again under it is allowed again.
 */
export class AllowList {
  readonly #byId = new Map<string, AllowEntry[]>();
  readonly #byName = new Map<string, AllowEntry[]>();
  readonly #byGroup = new Map<string, AllowEntry[]>();

  constructor(entries: readonly AllowEntry[]) {
    for (const entry of entries) {
      const written = entry.subject ?? entry.group ?? '';
      const key = nameKey(written);
      if (key === '') continue;
      const list = entry.group !== null ? this.#byGroup : looksLikeId(written) ? this.#byId : this.#byName;
      list.set(key, [...(list.get(key) ?? []), entry]);
    }
  }

  entriesFor({ subject: { id, name }, groups }: Bearer): readonly AllowEntry[] {
    return [
      ...(this.#byId.get(nameKey(id)) ?? []),
      ...(this.#byName.get(nameKey(name)) ?? []),
      ...new Set(groups.map(nameKey).flatMap((group) => this.#byGroup.get(group) ?? [])),
    ];
  }
}
