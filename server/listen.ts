import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../config/app-error.ts';

/**
 * Opens the door. Port 0 takes a free one.
 *
 * @returns the port, and the address to open in a browser on this machine.
 * @throws {AppError} PORT_IN_USE; CONFIG_INVALID when the address is not one of this machine or may not be used.
 */
export async function listen(
  app: FastifyInstance,
  o: { host: string; port: number; tls: boolean },
): Promise<{ port: number; url: string }> {
  const { host, port: wanted, tls } = o;
  try {
    await app.listen({ host, port: wanted });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') {
      throw new AppError('PORT_IN_USE', `port ${wanted} of ${host} is in use; choose another one with --port`, {
        cause,
      });
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new AppError('CONFIG_INVALID', `cannot listen on ${host} port ${wanted} (${code})`, { cause });
    }
    throw cause;
  }
  const { port } = app.server.address() as AddressInfo;
  const anyAddress = host === '0.0.0.0' || host === '::';
  const name = anyAddress ? '127.0.0.1' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return { port, url: `${tls ? 'https' : 'http'}://${name}:${port}` };
}
