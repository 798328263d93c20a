import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Upstream {
  readonly socketPath: string;
  /** Every request that came, in order; upgrades too. */
  readonly requests: IncomingMessage[];
  /** Connections that are open now. */
  readonly connections: ReadonlySet<Socket>;
  readonly sockets: ReadonlySet<WebSocket>;
  close(): Promise<void>;
}

/** A real server on a Unix socket, as a tenant's is. WebSockets at `/ws…` echo; `/ws/no` is declined. */
export async function upstreamOn(
  socketPath: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void = echo,
): Promise<Upstream> {
  const requests: IncomingMessage[] = [];
  const connections = new Set<Socket>();
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    requests.push(request);
    answer(request, response);
  });
  const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => connections.delete(socket));
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    requests.push(request);
    if (request.url === '/ws/mute') {
      socket.resume().on('end', () => socket.end());
      return;
    }
    if (request.url === '/ws/no') {
      const body = JSON.stringify({ code: 'UNAUTHENTICATED', message: 'no' });
      socket.end(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\nX-From: tenant\r\n\r\n${body}`);
      return;
    }
    websockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {});
      if (request.url === '/ws/bye') ws.close(4321, 'as agreed');
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    requests,
    connections,
    sockets: websockets.clients,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

/** Says what it was asked, with the body's length. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    const { method, url, headers, rawHeaders } = request;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ method, url, headers, rawHeaders, bytes }));
  });
}
