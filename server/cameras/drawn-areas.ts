import { type CameraSettings, cameraSchema } from '../../config/settings-schema.ts';
import type { DrawnAreas } from './camera-store.ts';

export const AREAS = ['zones', 'masks'] as const;

/**
 * A camera of the settings with what was drawn over its picture. Areas that the settings give stay as they are.
 *
 * @returns `unused`: which of the drawn areas the settings, or this version of facegate, have no place for.
 */
export function withDrawnAreas(
  configured: CameraSettings,
  drawn: DrawnAreas,
): { settings: CameraSettings; unused: (typeof AREAS)[number][] } {
  const settings = { ...configured };
  const unused = AREAS.filter((field) => {
    if (drawn[field] === undefined || drawn[field].length === 0) return false;
    const parsed = cameraSchema.shape[field].safeParse(drawn[field]);
    if (configured[field].length > 0 || !parsed.success) return true;
    settings[field] = parsed.data;
    return false;
  });
  return { settings, unused };
}
