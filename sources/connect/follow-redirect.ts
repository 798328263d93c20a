import { SourceError } from '../../config/app-error.ts';
import { redact } from '../../config/redact.ts';
import { cameraName, type NetworkAddress, withoutCredentials } from '../source-address.ts';

/** From one scheme to another that may be followed: none that takes the encryption away. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'rtsp:': ['rtsp:'],
  'rtsps:': ['rtsps:'],
  'http:': ['http:', 'https:'],
  'https:': ['https:'],
};

/**
 * Where a redirect leads, if it may be followed: it must stay on the host that was configured. A camera that was taken over could
 * otherwise make this machine, and its credentials, call at any other.
 *
 * @param from the address that answered with the redirect.
 * @returns the same camera at its new place, without credentials.
 * @throws {SourceError} STREAM_CONNECTION_FAILED, saying where it led to.
 */
export function followRedirect(address: NetworkAddress, from: string, location: string | undefined): string {
  const at = cameraName(address);
  const base = withoutCredentials(from);
  const target = location !== undefined && URL.canParse(location, base) ? new URL(location, base) : null;
  if (!target) throw new SourceError('STREAM_CONNECTION_FAILED', `${at} redirects to nowhere`);
  const configured = new URL(address.url);
  if (
    target.hostname.toLowerCase() !== configured.hostname.toLowerCase() ||
    !ALLOWED[new URL(from).protocol]?.includes(target.protocol)
  ) {
    // Host and scheme only: a path may hold anything, and this line is shown to people.
    const where = redact(`${target.protocol}//${target.host}`).slice(0, 200);
    throw new SourceError(
      'STREAM_CONNECTION_FAILED',
      `${at} redirects to ${where}, which is not followed: it is another host or protocol`,
    );
  }
  return withoutCredentials(target.href);
}
