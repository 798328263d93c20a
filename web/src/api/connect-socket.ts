import { ownAddress } from './own-address.ts';
import type { SocketLike } from './steady-socket.ts';

/** A WebSocket to a path of the server that served this page. */
export function connectSocket(path: string): SocketLike {
  const url = new URL(ownAddress(path), location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  // A WebSocket's handlers ask for whole DOM events; SocketLike says what of them is read.
  return new WebSocket(url) as unknown as SocketLike;
}
