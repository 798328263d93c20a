import { AppError } from '../../../config/app-error.ts';
import { nearestName } from '../../../config/nearest-name.ts';
import type { DoorSettings, Settings } from '../../../config/settings-schema.ts';

/**
 * The doors with these ids, in the order of the settings.
 *
 * @throws {AppError} DOOR_NOT_FOUND, naming those that there are.
 */
export function pickDoors({ doors }: Settings, ids: readonly string[]): DoorSettings[] {
  const known = doors.map(({ id }) => id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = nearestName(id, known);
    const all = known.length === 0 ? 'no door is configured (is --config missing?)' : `known are ${known.join(', ')}`;
    throw new AppError('DOOR_NOT_FOUND', `there is no door "${id}"; ${near ? `did you mean ${near}?` : all}`);
  }
  return doors.filter(({ id }) => ids.includes(id));
}
