import { computed, effect } from '@preact/signals';
import { facegateApi } from '../api/facegate-api.ts';
import { galleryVersion } from '../state/gallery-changes.ts';
import { createLoaded } from '../state/loaded.ts';
import { wantedGroup } from './people-list.ts';

const loaded = createLoaded(facegateApi.groups);

/** While a page offers groups. @returns ends it. */
export function keepGroups(): () => void {
  return effect(() => {
    if (galleryVersion.value > 0) void loaded.refresh();
  });
}

/** Every group that somebody is in, by name; the one that is picked too, though nobody is in it any more. */
export const knownGroups = computed<readonly string[]>(() => {
  const names = (loaded.value.value ?? []).map(({ name }) => name);
  const picked = wantedGroup.value;
  return picked === null || names.includes(picked) ? names : [...names, picked];
});
