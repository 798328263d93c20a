import { BlockList, isIP } from 'node:net';

/** IP addresses that begin with the same bits. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** No network that anybody has is larger. */
const LEAST_BITS = 8;

/**
 * Reads `10.0.0.7`, `172.16.0.0/12` or `fd00::/8`.
 *
 * @returns null for what is none, for one with a zone (`%eth0`), for more than there is in any network (below `/8`), and for IPv4 written as IPv6.
 */
export function addressRange(text: string): AddressRange | null {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes('%')) return null;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const length = bits === undefined ? most : Number(bits);
  if (length < LEAST_BITS || length > most) return null;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return family === 'ipv6' && isMapped(address, length) ? null : { address, bits: length, family };
}

/**
 * Whether an address that a socket or a proxy tells is in one of these ranges; IPv4 also where it is written as IPv6. What is no address is
 * in none.
 */
export function addressesIn(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of ranges) {
    const range = addressRange(text);
    if (range) list.addSubnet(range.address, range.bits, range.family);
  }
  return (address) => {
    const version = isIP(address);
    // A BlockList looks through IPv4-mapped addresses by itself.
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/** Whether an address, e.g. `127.0.0.1`, `::1` or `::ffff:127.0.0.1`, is this machine. */
export const isLoopbackAddress = addressesIn(['127.0.0.0/8', '::1']);

/** A range of `::ffff:0:0/96`, or one that has it: a BlockList looks through these. */
function isMapped(address: string, bits: number): boolean {
  const [mapped, range] = [new BlockList(), new BlockList()];
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6');
  range.addSubnet(address, bits, 'ipv6');
  return mapped.check(address, 'ipv6') || range.check('::ffff:0:0', 'ipv6');
}
