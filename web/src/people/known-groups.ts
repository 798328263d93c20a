import { computed } from '@preact/signals';
import { people, wantedGroup } from './people-list.ts';

const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
const met = new Set<string>();

/** Every group that this page has met, by name. */
export const knownGroups = computed<readonly string[]>(() => {
  for (const { groups } of people.shown.value.items ?? []) for (const group of groups) met.add(group);
  if (wantedGroup.value !== null) met.add(wantedGroup.value);
  return [...met].sort(byName.compare);
});
