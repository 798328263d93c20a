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
    throw listenError(cause, { host, port: wanted, instead: 'choose another one with --port' });
  }
  const { port } = app.server.address() as AddressInfo;
  const anyAddress = host === '0.0.0.0' || host === '::';
  const name = anyAddress ? '127.0.0.1' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return { port, url: `${tls ? 'https' : 'http'}://${name}:${port}` };
}

/** What kept a server from listening, in words for whoever started it, and what to do `instead`; anything else as it is. */
export function listenError(cause: unknown, o: { host: string; port: number; instead: string }): unknown {
  const { host, port, instead } = o;
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new AppError('PORT_IN_USE', `port ${port} of ${host} is in use; ${instead}`, { cause });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new AppError('CONFIG_INVALID', `cannot listen on ${host} port ${port} (${code})`, { cause });
  }
  return cause;
}
