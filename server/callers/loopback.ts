import { BlockList, isIP } from 'node:net';

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackAddresses.addAddress('::1', 'ipv6');

/** Whether an address that a socket reports, e.g. `127.0.0.1`, `::1` or `::ffff:127.0.0.1`, is this machine. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  // A BlockList looks through IPv4-mapped addresses by itself.
  return family !== 0 && loopbackAddresses.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether `server.host` keeps the server on this machine. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || isLoopbackAddress(bare);
}
