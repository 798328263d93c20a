import { randomBytes } from 'node:crypto';

/**
 * A UUID of version 7 (RFC 9562, 5.7): 48 bits of time, 74 random ones. Ids of different milliseconds sort by time.
 * Node's own `randomUUIDv7` is missing from the older versions that facegate runs on.
 *
 * @param wallMs milliseconds since 1970.
 */
export function uuidV7(wallMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.trunc(wallMs), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
