import type { WebSocket } from 'ws';
import { keepAlive } from '../heartbeat.ts';

/** "Policy violation": the caller's key or session is over. */
const NOT_ALLOWED = 1008;

type Socket = Pick<WebSocket, 'ping' | 'terminate' | 'close'> & {
  on(event: 'pong' | 'close', listener: () => void): unknown;
};

/** The WebSockets and event streams that are open, each with the question whether its owner may still be here. */
export class OpenSockets {
  readonly #open = new Map<Socket, () => boolean>();

  /** From now on the socket is pinged, and ends when its owner may no longer be here. */
  add(socket: Socket, stillAllowed: () => boolean): void {
    this.#open.set(socket, stillAllowed);
    socket.on('close', () => this.#open.delete(socket));
    keepAlive(socket, stillAllowed);
  }

  /** Asks for each socket, and ends those whose key or session is over. */
  check(): void {
    for (const [socket, stillAllowed] of this.#open) {
      if (stillAllowed()) continue;
      this.#open.delete(socket);
      socket.close(NOT_ALLOWED, 'the key or session is over');
    }
  }

  /** Ends all of them. */
  closeAll(code: number, reason: string): void {
    for (const socket of this.#open.keys()) socket.close(code, reason);
  }
}
