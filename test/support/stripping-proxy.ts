import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface StrippingProxy extends AsyncDisposable {
  /** `http://127.0.0.1:…`, without a slash. */
  readonly address: string;
}

/**
 * As little of a gateway as there can be: takes `/<tenant>` off, hands the rest to the tenant's Unix socket, and says so in the
 * headers that tenants believe.
 *
 * @param sockets by tenant.
 * @param forwarded what it says instead of the true address and scheme.
 */
export async function openStrippingProxy(
  sockets: Readonly<Record<string, string>>,
  forwarded: { for?: string; proto?: string } = {},
): Promise<StrippingProxy> {
  const open = new Set<Duplex>();
  const server = createServer((incoming, answer) => {
    const onward = pass(incoming);
    if (!onward) return void answer.writeHead(404).end();
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
      response.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const onward = pass(incoming);
    if (!onward) return void socket.destroy();
    onward.on('upgrade', (response, tenant, first) => {
      const { rawHeaders } = response;
      const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      socket.write(first);
      tenant.write(head);
      tenant.pipe(socket).pipe(tenant);
      for (const [one, other] of [
        [tenant, socket],
        [socket, tenant],
      ] as const) {
        open.add(one);
        one.on('error', () => undefined).on('close', () => other.destroy());
      }
    });
    onward.on('response', (response) => {
      socket.end(`HTTP/1.1 ${response.statusCode} Refused\r\nconnection: close\r\n\r\n`);
      response.resume();
    });
    onward.on('error', () => socket.destroy());
    onward.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };

  function pass({ url = '/', method, headers, socket }: IncomingMessage) {
    const [, tenant = '', rest = ''] = /^\/([^/?]+)(\/.*)?$/.exec(url) ?? [];
    const socketPath = sockets[tenant];
    if (!socketPath || rest === '') return null;
    const onward: IncomingHttpHeaders = {
      ...headers,
      'x-forwarded-prefix': `/${tenant}`,
      'x-forwarded-for': forwarded.for ?? socket.remoteAddress,
      'x-forwarded-proto': forwarded.proto ?? 'http',
    };
    return request({ socketPath, path: rest, method, headers: onward });
  }
}
