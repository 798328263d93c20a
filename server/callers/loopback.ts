import { isLoopbackAddress } from '../../config/address-range.ts';

/** Whether `server.host` keeps the server on this machine. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || isLoopbackAddress(bare);
}
