import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { tunnel } from '../../../tenants/gateway/tunnel.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { eventually } from '../../support/eventually.ts';
import { openTestGateway, type TestGateway } from '../../support/open-test-gateway.ts';
import { stableCount } from '../../support/stable-count.ts';

let gateway: TestGateway;
const open: WebSocket[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate();
  await gateway.close();
});

function websocket(path: string): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, { perMessageDeflate: false });
  socket.on('error', () => {});
  open.push(socket);
  return socket;
}
/** Status and body of what was said instead of a WebSocket. */
async function declined(
  socket: WebSocket,
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const [, answer] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, headers: answer.headers, body };
}
async function rawUpgrade(path: string): Promise<Socket> {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  return socket;
}

describe('a WebSocket through the gateway', () => {
  it('carries texts, bytes, large messages and pings untouched, in order', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one');
    const socket = websocket('/one/ws/live?camera=front');
    await once(socket, 'open');
    expect(tenant.requests[0]?.url).toBe('/ws/live?camera=front');
    expect(tenant.requests[0]?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-prefix': '/one' });
    const large = Buffer.alloc(3_000_000, 7);
    const said = ['Grüße', '', large, Buffer.from([0, 255, 10, 13])];
    const heard: (string | Buffer)[] = [];
    socket.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? data : data.toString()));
    for (const message of said) socket.send(message);
    await eventually('all of it', () => heard.length === said.length);
    expect(
      heard.map((message, i) => (Buffer.isBuffer(message) ? message.equals(said[i] as Buffer) : message === said[i])),
    ).toEqual([true, true, true, true]);
    socket.ping('are you there');
    expect(String((await once(socket, 'pong'))[0])).toBe('are you there');
  });

  it('passes close codes, both ways', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one');
    const [code, reason] = await once(websocket('/one/ws/bye'), 'close');
    expect([code, String(reason)]).toEqual([4321, 'as agreed']);

    const socket = websocket('/one/ws/x');
    await once(socket, 'open');
    const [theirs] = [...tenant.sockets].slice(-1);
    const closed = once(theirs as WebSocket, 'close');
    socket.close(4000, 'enough');
    const [theirCode, theirReason] = await closed;
    expect([theirCode, String(theirReason)]).toEqual([4000, 'enough']);
    await eventually('the end of the connections', () => tenant.connections.size === 0);
  });

  it('hands on what the tenant says where it does not want one', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one');
    const { status, headers, body } = await declined(websocket('/one/ws/no'));
    expect([status, headers['x-from'], JSON.parse(body).code]).toEqual([401, 'tenant', 'UNAUTHENTICATED']);
  });

  it('ends when either side is gone without a word', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one');
    const socket = websocket('/one/ws/x');
    await once(socket, 'open');
    socket.terminate();
    await eventually('the end at the tenant', () => tenant.connections.size === 0);

    const other = websocket('/one/ws/x');
    await once(other, 'open');
    const closed = once(other, 'close');
    for (const connection of tenant.connections) connection.destroy();
    expect((await closed)[0]).toBe(1006);
  });

  it('ends when a client ends its half and says nothing more', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one');
    const socket = await rawUpgrade('/one/ws/x');
    await once(socket, 'data');
    socket.end();
    await eventually('the end at the tenant', () => tenant.connections.size === 0, 8000);
    socket.destroy();
  });

  it.each([
    ['a client that hangs up', (socket: Socket) => socket.end()],
    ['a client that is cut off', (socket: Socket) => socket.resetAndDestroy()],
  ])('that the tenant has not answered yet ends with %s', async (_who, leave) => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one');
    const socket = await rawUpgrade('/one/ws/mute');
    await eventually('the request', () => tenant.requests.length === 1);
    leave(socket);
    await eventually('the end at the tenant', () => tenant.connections.size === 0, 3000);
    socket.destroy();
  });

  it('that the tenant never answers is 504; of one that does not run 503; of nobody 404', async () => {
    gateway = await openTestGateway({ bounds: { idleMs: 200 } });
    await gateway.tenant('one');
    expect((await declined(websocket('/one/ws/mute'))).status).toBe(504);
    gateway.directory.set('two', { socketPath: `${gateway.folder}/none.sock` });
    const down = await declined(websocket('/two/ws/x'));
    expect([down.status, down.headers['retry-after'], JSON.parse(down.body).code]).toEqual([
      503,
      '1',
      'TENANT_UNAVAILABLE',
    ]);
    for (const path of ['/three/ws', '/tenants', '/one']) {
      expect((await declined(websocket(path))).status).toBe(404);
    }
  });

  it('is held up where the client does not read, without being collected', async () => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one');
    const socket = websocket('/one/ws/x');
    await once(socket, 'open');
    socket.pause();
    const [theirs] = [...tenant.sockets];
    const before = process.memoryUsage().rss;
    const picture = Buffer.alloc(1_000_000, 1);
    for (let i = 0; i < 100; i++) theirs?.send(picture);
    // All of it waits at the tenant, which is where slow viewers are known.
    expect(await stableCount(() => theirs?.bufferedAmount ?? 0)).toBeGreaterThan(80_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    socket.resume();
    let bytes = 0;
    socket.on('message', (data: Buffer) => {
      bytes += data.length;
    });
    await eventually('all of it', () => bytes === 100_000_000);
  });
});

it('does not wait for ever for the second half of a connection that has ended', async () => {
  const left: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => left.push(socket.on('error', () => {}).resume()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const join = () => connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [one, other] = [join(), join()];
  await eventually('both', () => left.length === 2);
  tunnel(one, other);
  // One half ends, and the other side never answers that.
  left[0]?.end();
  await eventually('the end of both', () => one.destroyed && other.destroyed, 10_000);
  for (const socket of left) socket.destroy();
  server.close();
});

it('holds 500 WebSockets that are silent, at little memory each, and forgets them', async (context) => {
  gateway = await openTestGateway();
  const tenant = await gateway.tenant('one');
  collectGarbage();
  const before = process.memoryUsage().rss;
  await Promise.all(Array.from({ length: 500 }, () => once(websocket('/one/ws/x'), 'open')));
  collectGarbage();
  // Client and tenant are in this process too: what the gateway needs of it is less.
  const each = (process.memoryUsage().rss - before) / 500;
  context.annotate(`${Math.round(each / 1024)} KiB for each WebSocket, with both of its ends`);
  expect(each).toBeLessThan(300_000);
  expect(tenant.connections.size).toBe(500);
  const closed = open.map((socket) => once(socket, 'close'));
  for (const socket of open) socket.close();
  await Promise.all(closed);
  await eventually('the end of all', () => tenant.connections.size === 0);
});
