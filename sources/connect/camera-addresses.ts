import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SourceError } from '../../config/app-error.ts';
import type { CameraSettings } from '../../config/settings-schema.ts';
import { type Credentials, type SourceAddress, sourceAddress } from '../source-address.ts';

export interface CameraAddressesOptions {
  /** What relative paths are relative to. */
  baseDir: string;
  platform: NodeJS.Platform;
}

/**
 * Every address of a camera, its `url` first, with credentials. The password file is read each time: a password that was changed
 * counts from the next connection.
 *
 * @throws {SourceError} SOURCE_URL_INVALID for what no attempt can help; STREAM_AUTH_FAILED where the password file cannot be read.
 */
export function cameraAddresses(camera: CameraSettings, options: CameraAddressesOptions): SourceAddress[] {
  const credentials = credentialsOf(camera, options.baseDir);
  return addresses(camera, options, credentials);
}

/** The same without reading the password file: what is wrong with the settings themselves. The URLs lack its password. */
export function checkedAddresses(camera: CameraSettings, options: CameraAddressesOptions): SourceAddress[] {
  if (camera.password !== undefined && camera.passwordFile !== undefined) {
    throw invalid('password and passwordFile are both set; one is enough');
  }
  if (camera.username === undefined && (camera.password ?? camera.passwordFile) !== undefined) {
    throw invalid('a password needs a username beside it');
  }
  const { username, password = '' } = camera;
  const all = addresses(camera, options, username === undefined ? null : { username, password });
  if (all.length > 1 && all.some((address) => !('url' in address))) {
    throw invalid('failover is for cameras of the network (rtsp, rtsps, http, https)');
  }
  if (username !== undefined && !('url' in all[0]!)) throw invalid('a username is for cameras of the network');
  return all;
}

function addresses(
  camera: CameraSettings,
  { baseDir, platform }: CameraAddressesOptions,
  credentials: Credentials | null,
): SourceAddress[] {
  return [camera.url, ...camera.failover].map((url) =>
    sourceAddress(url, { baseDir, platform, credentials, tls: camera.tls }),
  );
}

function credentialsOf({ username, password, passwordFile }: CameraSettings, baseDir: string): Credentials | null {
  if (username === undefined) return null;
  if (passwordFile === undefined) return { username, password: password ?? '' };
  const path = resolve(baseDir, passwordFile);
  try {
    const [line = ''] = readFileSync(path, 'utf8').split(/\r?\n/, 1);
    return { username, password: line };
  } catch (cause) {
    const said = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new SourceError('STREAM_AUTH_FAILED', `the password file ${path} cannot be read: ${said}`, { cause });
  }
}

function invalid(why: string): SourceError {
  return new SourceError('SOURCE_URL_INVALID', `the camera's settings do not fit together: ${why}`);
}
