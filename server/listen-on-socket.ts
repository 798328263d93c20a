import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../config/app-error.ts';

/** What `sockaddr_un` holds, less the byte at its end. Beyond it the kernel would cut the name off. */
const LONGEST_PATH_BYTES = 107;

/**
 * Listens on a Unix socket, in a folder that only its owner may enter. A socket that a facegate left behind is replaced;
 * nothing else is, and none that somebody listens on. Closing the server removes it.
 *
 * @throws {AppError} PORT_IN_USE when somebody listens on it; CONFIG_INVALID when there can be no socket.
 */
export async function listenOnSocket(app: FastifyInstance, socketPath: string): Promise<void> {
  if (Buffer.byteLength(socketPath) > LONGEST_PATH_BYTES) {
    throw new AppError(
      'CONFIG_INVALID',
      `the path of a socket may have at most ${LONGEST_PATH_BYTES} bytes; use a shorter data folder than that of ${socketPath}`,
    );
  }
  try {
    const folder = dirname(socketPath);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // One that was there already, or made under a strange umask. Whoever gets at the socket is believed who they call for.
    chmodSync(folder, 0o700);
    await removeStale(socketPath);
    await app.listen({ path: socketPath });
    chmodSync(socketPath, 0o600);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw inUse(socketPath);
    throw new AppError('CONFIG_INVALID', `cannot listen on the socket ${socketPath} (${code})`, { cause });
  }
}

async function removeStale(socketPath: string): Promise<void> {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new AppError('CONFIG_INVALID', `${socketPath} is there, and is no socket`);
  if (await answers(socketPath)) throw inUse(socketPath);
  rmSync(socketPath, { force: true });
}

/** Whether somebody listens. Any error but a refusal is taken for a yes: what is not known to be dead is left alone. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function inUse(socketPath: string): AppError {
  return new AppError('PORT_IN_USE', `another program listens on the socket ${socketPath}`);
}
