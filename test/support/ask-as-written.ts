import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Asking {
  readonly method: string;
  /** The request line's target, sent as it is written: nothing is resolved, encoded or checked. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
  /** Asks for a WebSocket. */
  readonly upgrade?: boolean;
}

export interface Answered {
  /** 101 where a WebSocket opened. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Headers and body, as they came: whatever is told stands in here. */
  readonly text: string;
}

/** A stream has no end: so much of it is looked at. A camera that is analysed says something in this time. */
const LISTEN_MS = 1500;

/** One request on a connection of its own. */
export function askAsWritten(port: number, { method, path, headers = {}, body, upgrade }: Asking): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: false,
      headers: {
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        ...(upgrade && {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        }),
        ...headers,
      },
    });
    const collect = (answer: IncomingMessage, stream: NodeJS.ReadableStream & { destroy(): void }, first = '') => {
      let text = `${answer.rawHeaders.join('\n')}\n${first}`;
      const done = () => {
        clearTimeout(timer);
        stream.destroy();
        asked.destroy();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      };
      const timer = setTimeout(done, LISTEN_MS);
      stream.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
      });
      stream.on('end', done).on('close', done).on('error', done);
    };
    asked.on('response', (answer) => collect(answer, answer));
    asked.on('upgrade', (answer, socket, head) => collect(answer, socket, head.toString('latin1')));
    asked.on('error', reject);
    asked.end(body);
  });
}
