import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openTestGateway, type TestGateway } from '../../support/open-test-gateway.ts';
import type { Upstream } from '../../support/socket-upstream.ts';

let gateway: TestGateway;
let one: Upstream;
let two: Upstream;

beforeEach(async () => {
  gateway = await openTestGateway();
  one = await gateway.tenant('one');
  two = await gateway.tenant('two');
});
afterEach(() => gateway.close());

/** Sends these bytes and reads until the other side ends, or was silent for a while after it said something. */
async function raw(text: string, port = gateway.port): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text, 'latin1');
  let said = '';
  await new Promise<void>((resolve) => {
    let silence: NodeJS.Timeout | undefined;
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      clearTimeout(silence);
      silence = setTimeout(resolve, 150);
    });
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  socket.destroy();
  return said;
}
const ask = (target: string, headers = '') => raw(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`);
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1));

describe('a request', () => {
  it.each([
    ['/one/', '/'],
    ['/one/detect?x=1', '/detect?x=1'],
    ['/one/two/detect', '/two/detect'],
    ['/one/api/v1/subjects/a%2Fb', '/api/v1/subjects/a%2Fb'],
    ['/one/a//b', '/a//b'],
    ['/one/?next=/../../two/', '/?next=/../../two/'],
    ['/one/.well-known/x', '/.well-known/x'],
    ['/one/%E4%BD%A0', '/%E4%BD%A0'],
  ])('for %s reaches tenant one as %s', async (target, path) => {
    const answer = await ask(target);
    expect([statusOf(answer), bodyOf(answer).url]).toEqual([200, path]);
    expect(two.requests).toEqual([]);
  });

  it.each([
    ['/one', '/one/'],
    ['/one?x=1', '/one/?x=1'],
  ])('for %s is sent to %s, where relative addresses are right', async (target, location) => {
    const answer = await ask(target);
    expect(statusOf(answer)).toBe(307);
    expect(answer).toContain(`location: ${location}\r\n`);
    expect(one.requests).toEqual([]);
  });

  it.each([
    ['dots after a tenant', '/one/../two/keys', 400],
    ['a single dot', '/one/./keys', 400],
    ['dots at the end', '/one/..', 400],
    ['encoded dots', '/one/%2e%2e/two/keys', 400],
    ['half encoded dots', '/one/.%2E/two/keys', 400],
    ['dots before a tenant', '/../two/keys', 400],
    ['dots to the own routes', '/one/../tenants', 400],
    ['backslashes', '/one/..\\two/keys', 400],
    ['a backslash as the slash', '/one\\..\\two', 400],
    ['two slashes first', '//two/keys', 400],
    ['two slashes after the tenant', '/one//two/keys', 400],
    ['a fragment', '/one/#/../two', 400],
    ['absolute form', 'http://127.0.0.1/two/keys', 400],
    ['absolute form of another host', 'http://two/keys', 400],
    ['asterisk form', '*', 400],
    ['an encoded slash', '/one%2f..%2ftwo', 404],
    ['an encoded slash behind the name', '/one%2Fdetect', 404],
    ['an encoded letter', '/%6fne/detect', 404],
    ['upper case', '/ONE/detect', 404],
    ['a matrix parameter', '/one;x=1/detect', 404],
    ['a dot behind the name', '/one./detect', 404],
    ['a name that begins alike', '/onetwo/detect', 404],
    ['nobody', '/three/detect', 404],
    ['an encoded own route', '/%68ealth', 404],
    ['an own route with a slash behind', '/health/', 404],
    ['an own route twice encoded', '/tenants%2Fone', 404],
    ['what every object has', '/constructor/x', 404],
    ['what every object has, encoded', '/__proto__/x', 404],
  ])('with %s reaches nobody', async (_what, target, status) => {
    const answer = await ask(target);
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toContain('"requests"');
    if (status === 404)
      expect(bodyOf(answer)).toEqual({
        code: 'NOT_FOUND',
        message: 'there is nothing at that address; what belongs to a tenant is below /<tenant>/',
      });
    expect([...one.requests, ...two.requests]).toEqual([]);
  });

  it('that nobody can route gets the same answer whether or not there are such tenants', async () => {
    const missing = (await ask('/three/detect')).replace(/date: .*\r\n/i, '');
    gateway.directory.remove('two');
    expect((await ask('/two/detect')).replace(/date: .*\r\n/i, '')).toBe(missing);
  });
});

/** The second request of a smuggler, in what the first one's body may be. */
const SECOND = 'GET /two/stolen HTTP/1.1\r\nHost: x\r\n\r\n';
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

describe('a request that two programs could read in two ways', () => {
  it.each([
    [
      'a length and chunks',
      `Content-Length: ${SECOND.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`,
    ],
    ['chunks and a length', `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${SECOND}`],
    ['two lengths', `Content-Length: 0\r\nContent-Length: ${SECOND.length}\r\n\r\n${SECOND}`],
    ['two lengths in one', `Content-Length: 0, ${SECOND.length}\r\n\r\n${SECOND}`],
    ['a length with a sign', `Content-Length: +0\r\n\r\n${SECOND}`],
    ['a space before the colon', `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ['a coding nobody knows', `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ['chunks twice', `Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ['a coding before the chunks', `Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ['chunks that are not last', `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SECOND}`],
    ['codings in two headers', `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SECOND}`],
    ['a folded header', `X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 0, 1\r\n\r\n${SECOND}`],
    ['a second Host', `Host: two\r\nContent-Length: 0\r\n\r\n${SECOND}`],
    ['a line that ends with a bare CR', `X-A: b\rTransfer-Encoding: chunked\r\n\r\n${SECOND}`],
    ['a zero byte', `X-A: b\u0000c\r\n\r\n${SECOND}`],
  ])('is refused, and what follows it is no request: %s', async (_what, rest) => {
    const answer = await raw(`POST /one/x HTTP/1.1\r\nHost: 127.0.0.1\r\n${rest}`);
    expect(statusOf(answer)).toBe(400);
    expect(answer).not.toMatch(/HTTP\/1\.1 (?!400)/);
    expect([...one.requests, ...two.requests]).toEqual([]);
  });

  it('as an upgrade with a body is refused', async () => {
    for (const length of [`Content-Length: ${SECOND.length}`, 'Transfer-Encoding: chunked']) {
      const answer = await ask('/one/ws/x', `${UPGRADE}${length}\r\n`);
      expect(statusOf(answer)).toBe(400);
    }
    expect(one.requests).toEqual([]);
  });

  it('as an upgrade that is declined ends the connection, so that nothing rides behind it', async () => {
    const answer = await raw(`GET /one/ws/no HTTP/1.1\r\nHost: 127.0.0.1\r\n${UPGRADE}\r\n${SECOND}`);
    expect(statusOf(answer)).toBe(401);
    expect(answer).toContain('X-From: tenant');
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(two.requests).toEqual([]);
  });

  it('as CONNECT is hung up on', async () => {
    expect(await raw('CONNECT two:80 HTTP/1.1\r\nHost: two\r\n\r\n')).toBe('');
  });

  it('one after the other on one connection each reach their own tenant', async () => {
    const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    const answer = await raw(get('/one/a') + get('/two/b') + get('/one/c'));
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    expect(one.requests.map(({ url }) => url)).toEqual(['/a', '/c']);
    expect(two.requests.map(({ url }) => url)).toEqual(['/b']);
  });
});

describe('the headers that a tenant gets', () => {
  const headersOf = async (headers: string, target = '/one/x') => bodyOf(await ask(target, headers)).headers;

  it('say who asks, under what, and how; whatever the client claimed of that', async () => {
    const claims =
      'X-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 5.6.7.8\r\nX-Forwarded-Prefix: /two\r\nX-Forwarded-Proto: https\r\n' +
      'X-Forwarded-Host: evil\r\nX-Forwarded-User: admin\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Original-URL: /two\r\n';
    const headers = await headersOf(claims);
    expect(headers).toMatchObject({
      host: '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-prefix': '/one',
      'x-forwarded-proto': 'http',
    });
    for (const name of ['x-forwarded-host', 'x-forwarded-user', 'forwarded', 'x-real-ip', 'x-original-url']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('say what a proxy says that is trusted', async () => {
    const trusting = await openTestGateway({ settings: { server: { trustedProxies: ['127.0.0.1'] } } });
    onTestFinished(() => trusting.close());
    await trusting.tenant('one');
    const asked = async (claims: string) =>
      bodyOf(await raw(`GET /one/x HTTP/1.1\r\nHost: 127.0.0.1\r\n${claims}\r\n`, trusting.port)).headers;
    expect(await asked('X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nX-Forwarded-Proto: https\r\n')).toMatchObject({
      'x-forwarded-for': '5.6.7.8',
      'x-forwarded-proto': 'https',
    });
    expect(await asked('X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n')).toMatchObject({
      'x-forwarded-for': '5.6.7.8',
      'x-forwarded-proto': 'http',
    });
    expect(await asked('X-Forwarded-For: 127.0.0.2\r\nForwarded: for=1.2.3.4\r\n')).toMatchObject({
      'x-forwarded-for': 'unknown',
      'x-forwarded-proto': 'http',
    });
  });

  it('are none of the connection, nor those that Connection names', async () => {
    const headers = await headersOf(
      'Connection: keep-alive, X-Secret, Authorization, X-Forwarded-For\r\nX-Secret: a\r\nAuthorization: Bearer b\r\nKeep-Alive: timeout=5\r\n' +
        'TE: trailers\r\nProxy-Authorization: Basic c\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n',
    );
    for (const name of [
      'x-secret',
      'keep-alive',
      'te',
      'proxy-authorization',
      'proxy-connection',
      'upgrade',
      'http2-settings',
    ]) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(headers).toMatchObject({ authorization: 'Bearer b', 'x-forwarded-for': '127.0.0.1' });
  });

  it('come in their order and as often as they were sent', async () => {
    const { rawHeaders } = bodyOf(await ask('/one/x', 'X-B: 2\r\nX-A: 1\r\nX-B: 3\r\nCookie: a=1\r\n'));
    expect(rawHeaders.slice(0, 10)).toEqual(['Host', '127.0.0.1', 'X-B', '2', 'X-A', '1', 'X-B', '3', 'Cookie', 'a=1']);
  });

  it('have a length where a POST has no body', async () => {
    const answer = await raw('POST /one/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const { headers } = bodyOf(answer);
    expect(headers['content-length']).toBe('0');
    expect(headers).not.toHaveProperty('transfer-encoding');
  });
});

it('an answer comes without headers of the connection, and with all its cookies', async () => {
  await gateway.close();
  gateway = await openTestGateway();
  await gateway.tenant('one', (_request, response) => {
    response.writeHead(201, 'Made it', [
      ...[
        'set-cookie',
        'a=1; Path=/one/',
        'set-cookie',
        'b=2; Path=/one/',
        'x-hop',
        'secret',
        'keep-alive',
        'timeout=9',
      ],
      ...['connection', 'x-hop, keep-alive', 'proxy-authenticate', 'Basic', 'location', '/one/things/7'],
    ]);
    response.end('{}');
  });
  const answer = await ask('/one/things');
  expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 201 Made it');
  expect(answer).toContain('set-cookie: a=1; Path=/one/\r\nset-cookie: b=2; Path=/one/\r\n');
  expect(answer).toContain('location: /one/things/7');
  expect(answer).not.toMatch(/x-hop|timeout=9|proxy-authenticate/i);
});
