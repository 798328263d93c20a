import { AppError } from './app-error.ts';
import { type DeviceSettings, deviceSchema, type Settings } from './settings-schema.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Environment variables that say where a role's network runs, whatever the file says. */
export const DEVICE_VARIABLES = {
  detector: 'FACE_DETECTION_DEVICE',
  embedder: 'FACE_RECOGNITION_DEVICE',
  scorers: 'LIVENESS_DETECTION_DEVICE',
} as const;

/**
 * The device that an environment variable names takes the place of the one in the settings, and so does its provider:
 * a list that was written for another device says nothing about this one.
 *
 * @throws {AppError} CONFIG_INVALID naming the variable.
 */
export function withDeviceOverrides(models: Settings['models'], env: Env): Settings['models'] {
  const on = <T extends { readonly device?: string | undefined }>(role: T, device: DeviceSettings | null): T =>
    device === null ? role : { ...role, device, providers: undefined };
  const scorers = deviceFrom(env, DEVICE_VARIABLES.scorers);
  return {
    ...models,
    detector: on(models.detector, deviceFrom(env, DEVICE_VARIABLES.detector)),
    embedder: on(models.embedder, deviceFrom(env, DEVICE_VARIABLES.embedder)),
    scorers: models.scorers.map((scorer) => on(scorer, scorers)),
  };
}

/** Null where it is not set; set to nothing counts as not set. */
function deviceFrom(env: Env, variable: string): DeviceSettings | null {
  const value = env[variable];
  if (value === undefined || value === '') return null;
  const parsed = deviceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(
    'CONFIG_INVALID',
    `the environment variable ${variable} ${parsed.error.issues[0]!.message}, got ${JSON.stringify(value.slice(0, 100))}`,
  );
}
