import { isIP } from 'node:net';

/** IP addresses that begin with the same bits. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * Reads `10.0.0.7`, `172.16.0.0/12` or `fd00::/8`.
 *
 * @returns null for what is none, and for all addresses there are (`/0`).
 */
export function addressRange(text: string): AddressRange | null {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return null;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const length = bits === undefined ? most : Number(bits);
  if (length < 1 || length > most) return null;
  return { address, bits: length, family: version === 4 ? 'ipv4' : 'ipv6' };
}
