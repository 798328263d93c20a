import { createHash } from 'node:crypto';

/**
 * Tells whether somebody changed an endpoint's settings, without keeping them: SHA-256, hex. It gives nothing away, since the
 * secrets in it have at least 192 random bits.
 */
export function endpointFingerprint({ url, secrets }: { url: string; secrets: readonly string[] }): string {
  return createHash('sha256')
    .update(JSON.stringify([url, ...secrets]), 'utf8')
    .digest('hex');
}
