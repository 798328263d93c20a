import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { AccessEvent } from '../../pipeline/access-event.ts';

export interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly data: AccessEvent;
  readonly path: string;
  readonly socket: Socket;
}

/** A receiver of webhooks on loopback that answers as it is told, and keeps what it got. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Default: 204. */
  answer: (response: ServerResponse, request: Received, nth: number) => void = (response) =>
    void response.writeHead(204).end();
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async start(tls?: { cert: string; key: string }): Promise<WebhookReceiver> {
    const server = tls ? createTlsServer(tls) : createServer();
    const receiver = new WebhookReceiver(server, tls ? 'https://localhost' : 'http://127.0.0.1');
    server.on('request', (request, response) => void receiver.#take(request, response));
    server.listen(0, tls ? 'localhost' : '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `${this.#scheme}:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** The ids, in the order of arrival. */
  get ids(): string[] {
    return this.received.map(({ data }) => data.id);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { data } = JSON.parse(body) as { data: AccessEvent };
    const headers = request.headers as Record<string, string>;
    const received = { headers, body, data, path: request.url ?? '', socket: request.socket };
    this.received.push(received);
    this.answer(response, received, this.received.length);
  }
}
