const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What two spellings of one subject's name have in common: names are unique by it, and door lists match by it. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** Subjects' ids are UUIDs, and no name may look like one: a door's list must not take a name for another one's id. */
export function looksLikeId(text: string): boolean {
  return UUID.test(text.normalize('NFKC').trim());
}
