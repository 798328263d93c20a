import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { crossCheck } from '../../config/cross-check.ts';
import { redact } from '../../config/redact.ts';
import { type CameraSettings, cameraSchema } from '../../config/settings-schema.ts';
import type { CameraInput } from './camera-store.ts';

/*
 * A camera as it may be given over HTTP. What is on the server's disk is nobody's business there: no `file:` address, no
 * file with a password or certificates, nothing that only makes sense of a film.
 */

const { tls: configuredTls, ...shape } = cameraSchema.pick({
  id: true,
  name: true,
  url: true,
  failover: true,
  username: true,
  password: true,
  tls: true,
  fps: true,
  width: true,
  transport: true,
  hwaccel: true,
  zones: true,
  masks: true,
  timeout: true,
  deviceFps: true,
  deviceSize: true,
  enabled: true,
}).shape;
const tls = configuredTls.unwrap().pick({ verify: true }).prefault({}).describe('How the certificate is judged.');

export const newCamera = z.strictObject({ ...shape, tls });

type Fields = Omit<typeof newCamera.shape, 'id'>;
const { id: _, ...fields } = newCamera.shape;

/** Every field may be missing (it stays) or null (it gets its default again). */
export const cameraPatch = z.strictObject(
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      name === 'url' ? field.optional() : field.nullable().optional(),
    ]),
  ) as { [K in keyof Fields]: z.ZodOptional<K extends 'url' ? Fields[K] : z.ZodNullable<Fields[K]>> },
);

export type NewCamera = z.input<typeof newCamera>;
export type CameraPatch = z.input<typeof cameraPatch>;

const NETWORK = /^(?:rtsps?|https?):\/\//i;
const WEBCAM = /^\s*webcam:/i;
const REMOTE = /^(?:(?:rtsps?|https?):\/\/|webcam:|test:)/i;

/**
 * @param o.machineIsShared there are other tenants, whose webcams this machine's may be: those stand in the settings only.
 *   Default: no.
 * @throws {AppError} SOURCE_URL_INVALID for an address of a kind that is not taken over HTTP, REQUEST_INVALID for what
 *   does not fit together.
 */
export function remoteCamera(camera: CameraInput, o: { machineIsShared?: boolean } = {}): CameraSettings {
  if (o.machineIsShared && WEBCAM.test(camera.url)) {
    throw new AppError(
      'SOURCE_URL_INVALID',
      'url must not be a webcam when it is sent over HTTP: several tenants share this machine, and its settings say whose it is',
    );
  }
  if (!REMOTE.test(camera.url)) {
    throw new AppError(
      'SOURCE_URL_INVALID',
      'url must start with rtsp://, rtsps://, http://, https://, webcam: or test: when it is sent over HTTP',
    );
  }
  if (camera.failover?.some((url) => !NETWORK.test(url))) {
    throw new AppError('SOURCE_URL_INVALID', 'failover must start with rtsp://, rtsps://, http:// or https://');
  }
  const problems = crossCheck({ cameras: [camera] });
  if (problems.length > 0) throw refused(problems.map(({ message }) => message.replaceAll('cameras[0].', '')));
  const parsed = cameraSchema.safeParse(camera);
  if (parsed.success) return parsed.data;
  throw refused(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
}

function refused(reasons: readonly string[]): AppError {
  return new AppError('REQUEST_INVALID', redact(`body ${reasons.join('; ')}`));
}
