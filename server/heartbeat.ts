import type { WebSocket } from 'ws';

const INTERVAL_MS = 30_000;
/** "Policy violation": the caller's key or session is over. */
const NOT_ALLOWED = 1008;

/**
 * Pings a socket every 30 s and ends it when one pong is missing: a peer that vanished without a word is noticed. At the
 * same beat asks whether its owner may still be here.
 */
export function keepAlive(
  socket: Pick<WebSocket, 'ping' | 'terminate' | 'close'> & {
    on(event: 'pong' | 'close', listener: () => void): unknown;
  },
  stillAllowed: () => boolean,
): void {
  let answered = true;
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    if (!stillAllowed()) return socket.close(NOT_ALLOWED, 'the session is over');
    answered = false;
    socket.ping();
  }, INTERVAL_MS);
  timer.unref();
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('close', () => clearInterval(timer));
}
