import type { DoorView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from './loaded.ts';

const loaded = createLoaded<DoorView[]>(facegateApi.doors);

export const doors = loaded.value;
export const doorsError = loaded.error;
export const refreshDoors = loaded.refresh;

export function doorName(id: string | null): string {
  if (id === null) return '';
  return doors.value?.find((door) => door.id === id)?.name ?? id;
}
