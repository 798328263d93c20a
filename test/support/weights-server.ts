import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface WeightsServer extends AsyncDisposable {
  readonly url: string;
  /** `GET /path` with the range asked for, if any, in the order in which they came. */
  readonly requests: string[];
  /** How the next requests are answered; the last one stays. */
  answer(...answers: Answer[]): void;
}

/** A web server on loopback that serves weights, well or badly. */
export async function startWeightsServer(): Promise<WeightsServer> {
  let answers: Answer[] = [notFound];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { range } = request.headers;
    requests.push(range ? `${request.method} ${request.url} ${range}` : `${request.method} ${request.url}`);
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (...next) => {
      answers = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const notFound: Answer = (_, response) => response.writeHead(404).end('no such file');

/** Never answers. */
export const hang: Answer = () => {};

/** Serves `bytes`, and ranges of them. */
export const serve =
  (bytes: Uint8Array): Answer =>
  (request, response) => {
    const from = rangeStart(request);
    if (from >= bytes.length) return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    sendHead(response, from, bytes.length).end(bytes.subarray(from));
  };

/** Serves the bytes up to number `until`, leaves them time to be read (a cut discards what was not), and drops the connection. */
export const cutAt =
  (bytes: Uint8Array, until: number): Answer =>
  (request, response) => {
    const from = rangeStart(request);
    sendHead(response, from, bytes.length).write(bytes.subarray(from, until), () =>
      setTimeout(() => response.destroy(), 100),
    );
  };

/** Serves the bytes up to number `until` and then nothing more. */
export const stallAt =
  (bytes: Uint8Array, until: number): Answer =>
  (request, response) => {
    const from = rangeStart(request);
    sendHead(response, from, bytes.length).write(bytes.subarray(from, until));
  };

/** Serves the whole whatever range was asked for, without saying how long it is. */
export const serveWithoutRanges =
  (bytes: Uint8Array): Answer =>
  (_, response) => {
    response.writeHead(200).write(bytes.subarray(0, 100));
    response.end(bytes.subarray(100));
  };

export const redirectTo =
  (location: string): Answer =>
  (_, response) =>
    response.writeHead(302, { location }).end();

function rangeStart(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

function sendHead(response: ServerResponse, from: number, length: number): ServerResponse {
  const headers = { 'content-length': length - from, 'accept-ranges': 'bytes' };
  if (from === 0) return response.writeHead(200, headers);
  return response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${length - 1}/${length}` });
}
