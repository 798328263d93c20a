import type { DoorView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from './loaded.ts';

const loaded = createLoaded<DoorView[]>(facegateApi.doors);

export const doors = loaded.value;
export const doorsError = loaded.error;
export const refreshDoors = loaded.refresh;
/** After something was done to them. */
export const renewDoors = loaded.renew;

let soon: ReturnType<typeof setTimeout> | undefined;

/** For a burst of events: one request a moment after the first, not put off by the others. */
export function refreshDoorsSoon(): void {
  if (soon !== undefined) return;
  soon = setTimeout(() => {
    soon = undefined;
    void renewDoors();
  }, 150);
}

export function doorName(id: string | null): string {
  if (id === null) return '';
  return doors.value?.find((door) => door.id === id)?.name ?? id;
}
