import { AppError } from '../../config/app-error.ts';
import { redact } from '../../config/redact.ts';
import type { CameraInput } from './camera-store.ts';
import type { CameraPatch } from './remote-camera.ts';

/**
 * A camera with what was asked changed; `null` sets a field back to its default.
 *
 * @throws {AppError} REQUEST_INVALID when the change would carry a password to another host than the one it was given for.
 */
export function changedCamera(camera: CameraInput, patch: CameraPatch): CameraInput {
  const known = addressesOf(camera);
  const next: Record<string, unknown> = { ...camera };
  for (const [field, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete next[field];
    else next[field] = value;
  }
  if (patch.url !== undefined) next.url = withKnownCredentials(patch.url, known);
  if (patch.failover) next.failover = patch.failover.map((url) => withKnownCredentials(url, known));
  const changed = next as CameraInput;
  const places = known.map(placeOf);
  const elsewhere = addressesOf(changed).find((url) => !places.includes(placeOf(url)));
  if (camera.password !== undefined && changed.password !== undefined && !patch.password && elsewhere !== undefined) {
    const to = redact(elsewhere);
    throw new AppError('REQUEST_INVALID', `body "password" must come along with another host, port or scheme (${to})`);
  }
  return changed;
}

const addressesOf = ({ url, failover }: CameraInput): string[] => [url, ...(failover ?? [])];

const HIDDEN_USERINFO = /^([a-z][a-z0-9+.-]*:\/\/)\*\*\*@/i;

/**
 * Puts credentials back into an address that came to be changed: answers show `***` in their place, and whoever edits the
 * path of such an address need not know them. They are put back only where scheme, host and port are those of an address
 * that the camera has already; anything else would carry a password to wherever the caller likes.
 *
 * @param url as it was sent.
 * @param known the camera's addresses, with credentials.
 * @throws {AppError} REQUEST_INVALID when `***` stands for what is not known.
 */
export function withKnownCredentials(url: string, known: readonly string[]): string {
  const same = known.find((each) => redact(each) === url);
  if (same !== undefined) return same;
  const scheme = HIDDEN_USERINFO.exec(url)?.[1];
  if (scheme === undefined) return url;
  const plain = scheme + url.slice(`${scheme}***@`.length);
  for (const each of known) {
    const userinfo = userinfoOf(each);
    if (userinfo !== null && placeOf(each) === placeOf(plain))
      return `${scheme}${userinfo}@${plain.slice(scheme.length)}`;
  }
  throw new AppError(
    'REQUEST_INVALID',
    `body "url" must have its user name and password written out for another scheme, host or port, got ${redact(url)}`,
  );
}

/** As it stands in the address, without the `@`. */
function userinfoOf(url: string): string | null {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
  const at = authority.lastIndexOf('@');
  return at < 0 ? null : authority.slice(0, at);
}

function placeOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`.toLowerCase();
}
