import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AppError } from '../../config/app-error.ts';
import { errorBody } from '../../server/answer-error.ts';

/** How long a client may go on sending a body that nobody wants, so that it gets to read why. */
const LINGER_MS = 5000;

/** What the gateway says instead of a tenant: the house's error body, and when to try again. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: AppError,
  o: { retryAfterSeconds?: number | undefined; close: boolean },
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(error));
  const headers: string[] = [
    ...['content-type', 'application/json; charset=utf-8'],
    ...['content-length', String(Buffer.byteLength(body))],
    ...['cache-control', 'no-store', 'x-content-type-options', 'nosniff'],
  ];
  const retry = o.retryAfterSeconds ?? (error.status === 503 || error.status === 429 ? 1 : null);
  if (retry !== null) headers.push('retry-after', String(Math.max(1, Math.ceil(retry))));
  if (o.close) headers.push('connection', 'close');
  letFinish(request, response);
  response.writeHead(error.status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * For an answer that comes before the whole body: the rest is read and thrown away for a while, then the connection is cut. Were it
 * closed at once, the client would hear of that and not of the answer. To be called before the headers are written.
 */
export function letFinish(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  // Where the client wants the connection closed, Node would do so right behind the answer.
  const closes = !response.shouldKeepAlive;
  response.shouldKeepAlive = true;
  const { socket } = request;
  response.once('finish', () => {
    const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    const over = (): void => {
      clearTimeout(cut);
      if (closes) socket.destroySoon();
    };
    if (request.complete) over();
    else
      request
        .once('end', over)
        .once('close', () => clearTimeout(cut))
        .resume();
  });
}

/** An answer to somebody who wanted a WebSocket: Node has let go of the connection, which ends with the answer. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  // What Node's server does for the answers that it makes itself.
  socket.on('drain', () => response.emit('drain'));
  response.once('finish', () => {
    (socket as { destroySoon?: () => void }).destroySoon?.();
  });
  return response;
}
