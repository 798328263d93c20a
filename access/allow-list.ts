import type { SubjectRef } from '../pipeline/face.ts';
import { looksLikeId, nameKey } from '../pipeline/name-key.ts';

/**
 * Whom a door opens for. An entry that has the form of an id is an id, and no name can have that form; any other entry is
 * a name, in any case. A name means whoever bears it now: whoever is deleted and enrolled again under it is allowed again.
 */
export function createAllowList(entries: readonly string[]): (subject: SubjectRef) => boolean {
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const entry of entries) {
    const key = nameKey(entry);
    if (key !== '') (looksLikeId(entry) ? ids : names).add(key);
  }
  return ({ id, name }) => ids.has(nameKey(id)) || names.has(nameKey(name));
}
