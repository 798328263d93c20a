import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export type MjpegAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP camera on 127.0.0.1 that answers as the test says. */
export class MjpegServer implements AsyncDisposable {
  readonly requests: { url: string; authorization: string | null; host: string }[] = [];
  readonly #server: Server;

  private constructor(answer: MjpegAnswer, tls?: { cert: string; key: string }) {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      const { authorization, host } = request.headers;
      this.requests.push({ url: request.url ?? '', authorization: authorization ?? null, host: host ?? '' });
      answer(request, response);
    };
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
  }

  static async start(answer: MjpegAnswer, tls?: { cert: string; key: string }): Promise<MjpegServer> {
    const server = new MjpegServer(answer, tls);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Sends `jpeg` as the parts of a stream, `fps` times a second, until the client leaves. */
export function streamJpegs(response: ServerResponse, jpegs: readonly Buffer[], fps = 10): void {
  response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
  let n = 0;
  const timer = setInterval(() => {
    const jpeg = jpegs[n++ % jpegs.length]!;
    response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
    response.write(jpeg);
    response.write('\r\n');
  }, 1000 / fps);
  response.once('close', () => clearInterval(timer));
}
