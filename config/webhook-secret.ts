import { randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
/** Bytes, as Standard Webhooks 1.0.0 has them. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;
/** What one gets when one asks for a new one. */
const NEW_BYTES = 32;

/** A secret that webhooks are signed with: `whsec_` and base64 of 32 random bytes. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(NEW_BYTES).toString('base64');
}

/** @returns what is wrong with it, to stand after its name; null where nothing is. Never the secret or a part of it. */
export function webhookSecretProblem(secret: string): string | null {
  const make = '"facegate sinks secret" makes one';
  if (!secret.startsWith(PREFIX)) return `must start with "${PREFIX}"; ${make}`;
  const encoded = secret.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Node passes over what is not base64; the receiver would have another key than we.
  if (encoded === '' || bytes.toString('base64') !== encoded) {
    return `must be "${PREFIX}" and base64 (A–Z, a–z, 0–9, "+", "/", with its "=" at the end); ${make}`;
  }
  if (bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES) return null;
  return `must hold ${LEAST_BYTES} to ${MOST_BYTES} bytes after "${PREFIX}", it holds ${bytes.length}; ${make}`;
}
