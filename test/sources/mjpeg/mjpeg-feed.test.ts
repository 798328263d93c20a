import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MjpegFeed } from '../../../sources/mjpeg/mjpeg-feed.ts';
import { type SourceAddress, sourceAddress } from '../../../sources/source-address.ts';
import { type MjpegAnswer, MjpegServer, streamJpegs } from '../../support/mjpeg-server.ts';
import { selfSigned } from '../../support/self-signed.ts';

const JPEG = Buffer.from('ffd8ffd9', 'hex');
const play: MjpegAnswer = (_, response) => streamJpegs(response, [JPEG], 20);

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function serve(answer: MjpegAnswer, tls?: { cert: string; key: string }) {
  const server = await MjpegServer.start(answer, tls);
  cleanUp.push(() => server[Symbol.asyncDispose]());
  return server;
}

function mjpeg(url: string, tls?: { verify: boolean; ca?: string }) {
  return sourceAddress(url, { baseDir: '/', platform: 'linux', ...(tls ? { tls } : {}) }) as Extract<
    SourceAddress,
    { kind: 'mjpeg' }
  >;
}

async function open(
  url: string,
  { timeoutMs = 1000, tls }: { timeoutMs?: number; tls?: { verify: boolean; ca?: string } } = {},
) {
  const feed = await MjpegFeed.open(mjpeg(url, tls), timeoutMs);
  cleanUp.push(() => feed.close());
  return feed;
}

describe('an MJPEG camera', () => {
  it('gives its multipart body as it comes, and is left by close', async () => {
    const server = await serve(play);
    const feed = await open(`http://127.0.0.1:${server.port}/video?res=hd`);
    const [chunk] = (await feed.body.take(1).toArray()) as Buffer[];
    expect(chunk!.toString('latin1')).toMatch(/^--frame\r\nContent-Type: image\/jpeg/);
    expect(server.requests[0]).toMatchObject({ url: '/video?res=hd', authorization: null });
    await feed.close();
    await feed.close();
    expect(feed.failure).toBeNull();
  });

  it.each([
    ['basic', 'Basic realm="cam"', /^Basic YW5uOnA6L0A=$/],
    [
      'digest',
      'Digest realm="cam", qop="auth", nonce="n", algorithm=MD5',
      /^Digest username="ann", realm="cam", nonce="n", uri="\/v\?a=1"/,
    ],
  ])('gets the password by %s once it asks for it', async (_, challenge, header) => {
    const server = await serve((request, response) => {
      if (request.headers.authorization) return play(request, response);
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    await open(`http://ann:p%3A%2F%40@127.0.0.1:${server.port}/v?a=1`);
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([null, expect.stringMatching(header)]);
    expect(server.requests.every(({ host }) => !host.includes('ann'))).toBe(true);
  });

  const refusals: [string, MjpegAnswer, string, RegExp][] = [
    [
      'asks for a password',
      (_, r) => r.writeHead(401).end(),
      'STREAM_AUTH_FAILED',
      /login that is neither Basic nor Digest/,
    ],
    [
      'refuses the password',
      (_, r) => r.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
      'STREAM_AUTH_FAILED',
      /refused the user name or password/,
    ],
    ['does not know the path', (_, r) => r.writeHead(404).end(), 'STREAM_NOT_FOUND', /knows no stream under that path/],
    [
      'is a web page',
      (_, r) => r.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>'),
      'STREAM_NO_VIDEO',
      /answers with a web page, not with MJPEG/,
    ],
    [
      'gives one picture',
      (_, r) => r.writeHead(200, { 'content-type': 'image/jpeg' }).end(JPEG),
      'STREAM_NO_VIDEO',
      /a single picture/,
    ],
    [
      'redirects to another host',
      (_, r) => r.writeHead(302, { location: 'http://127.0.0.2/x?token=t0ken' }).end(),
      'STREAM_CONNECTION_FAILED',
      /redirects to http:\/\/127.0.0.2, which is not followed/,
    ],
    ['stays silent', () => {}, 'STREAM_TIMEOUT', /stayed silent/],
    ['hangs up', (request) => request.socket.destroy(), 'STREAM_CONNECTION_FAILED', /broke the connection off/],
  ];
  it.each(refusals)('that %s says so', async (_, answer, code, message) => {
    const server = await serve(answer);
    const opening = open(`http://ann:s3cret@127.0.0.1:${server.port}/x`, { timeoutMs: 400 });
    const error = await opening.then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error!.message).not.toMatch(/s3cret|t0ken/);
    expect(server.requests.filter(({ authorization }) => authorization).length).toBeLessThanOrEqual(1);
  });

  it('follows a redirect on its own host, and shows the password there only when asked', async () => {
    const target = await serve(play);
    const server = await serve((_, r) => r.writeHead(307, { location: `http://127.0.0.1:${target.port}/y` }).end());
    await open(`http://ann:s3cret@127.0.0.1:${server.port}/x`);
    expect(target.requests).toEqual([{ url: '/y', authorization: null, host: `127.0.0.1:${target.port}` }]);
  });

  it('that falls silent in the middle ends the body, with the reason', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
      response.write('--frame\r\n');
    });
    const feed = await open(`http://127.0.0.1:${server.port}/x`, { timeoutMs: 300 });
    const before = performance.now();
    for await (const _ of feed.body);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(feed.failure).toMatchObject({ code: 'STREAM_TIMEOUT' });
  });

  it('that is no web server says so', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('SSH-2.0-x\r\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp.push(() => new Promise((closed) => server.close(closed)));
    const { port } = server.address() as { port: number };
    await expect(open(`http://127.0.0.1:${port}/x`)).rejects.toMatchObject({
      code: 'STREAM_CONNECTION_FAILED',
      message: expect.stringMatching(/answers, but not in HTTP/),
    });
  });

  it('behind TLS must have a certificate that is trusted', async () => {
    const { cert, key } = selfSigned();
    const dir = await mkdtemp(join(tmpdir(), 'facegate-mjpeg-'));
    cleanUp.push(() => rm(dir, { recursive: true }));
    const ca = join(dir, 'cam.pem');
    await writeFile(ca, cert);
    const server = await serve(play, { cert, key });
    const url = `https://localhost:${server.port}/x`;
    await expect(open(url)).rejects.toMatchObject({
      code: 'STREAM_TLS_FAILED',
      message: expect.stringMatching(/self-signed/),
    });
    expect(server.requests).toEqual([]);
    await open(url, { tls: { verify: true, ca } });
    await open(url.replace('localhost', '127.0.0.1'), { tls: { verify: false } });
    await expect(open(url.replace('localhost', '127.0.0.1'), { tls: { verify: true, ca } })).rejects.toMatchObject({
      message: expect.stringMatching(/is for another name/),
    });
    expect(server.requests).toHaveLength(2);
  });
});
