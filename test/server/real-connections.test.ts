import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { buildServer } from '../../server/build-server.ts';
import { listen } from '../../server/listen.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { selfSigned } from '../support/self-signed.ts';
import { jpegPicture } from '../support/test-pictures.ts';

let parts: FakeServerParts;
let app: FastifyInstance;

afterEach(async () => {
  await app.close();
  parts.dispose();
});

const LOCAL = { host: '127.0.0.1', port: 0, tls: false };

describe('over a real connection', () => {
  it('an upload far beyond the limit gets its answer, not a reset', async () => {
    parts = await fakeServerParts({ settings: { server: { maxImageBytes: 100_000 } } });
    app = await buildServer(parts);
    const { url } = await listen(app, LOCAL);
    const form = new FormData();
    form.append('image', new Blob([new Uint8Array(8_000_000)]), 'a.jpg');
    const answer = await fetch(`${url}/detect`, { method: 'POST', body: form });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({ code: 'IMAGE_TOO_LARGE', message: 'image has more than 100000 bytes' });
  });

  it('many pictures at once wait for their turn; too many are told to come again', async () => {
    parts = await fakeServerParts();
    app = await buildServer(parts);
    const { url } = await listen(app, LOCAL);
    let atOnce = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    parts.analyser.answer = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise<void>((resolve) => waiting.push(resolve));
      atOnce -= 1;
      return [];
    };
    const jpeg = new Uint8Array(await jpegPicture());
    const send = async () => {
      const form = new FormData();
      form.append('image', new Blob([jpeg]), 'a.jpg');
      const { status } = await fetch(`${url}/detect`, { method: 'POST', body: form });
      return status;
    };
    let refused = 0;
    const allRefused = new Promise<void>((resolve) => {
      setInterval(() => refused === 5 && resolve(), 5).unref();
    });
    const answers = Array.from({ length: 45 }, async () => {
      const status = await send();
      if (status === 503) refused += 1;
      return status;
    });
    // Nobody else is answered before the networks say something.
    await allRefused;
    const release = setInterval(() => waiting.shift()?.(), 1);
    const statuses = await Promise.all(answers);
    clearInterval(release);
    expect(most).toBeLessThanOrEqual(8);
    expect(statuses.filter((status) => status === 200)).toHaveLength(40);
    expect(statuses.filter((status) => status === 503)).toHaveLength(5);
  });

  it('a caller who hangs up takes the signal with it', async () => {
    parts = await fakeServerParts();
    app = await buildServer(parts);
    const { url } = await listen(app, LOCAL);
    const aborted = new Promise<void>((resolve) => {
      parts.analyser.answer = (_image, { signal }) =>
        new Promise((_resolve, reject) => {
          expect(signal?.aborted).toBe(false);
          signal?.addEventListener('abort', () => {
            resolve();
            reject(signal.reason);
          });
          caller.abort();
        });
    });
    const caller = new AbortController();
    const form = new FormData();
    form.append('image', new Blob([new Uint8Array(await jpegPicture())]), 'a.jpg');
    await expect(fetch(`${url}/detect`, { method: 'POST', body: form, signal: caller.signal })).rejects.toThrow();
    await aborted;
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('what is no HTTP is answered in the shape of all errors', async () => {
    parts = await fakeServerParts();
    app = await buildServer(parts);
    const { port } = await listen(app, LOCAL);
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write('HELLO facegate\r\n\r\n');
    await once(socket, 'close');
    expect(answer).toContain('HTTP/1.1 400');
    expect(answer).toContain('{"code":"REQUEST_INVALID","message":"the request is not valid HTTP"}');
  });
});

describe('listen', () => {
  it('names the port that is taken', async () => {
    parts = await fakeServerParts();
    app = await buildServer(parts);
    const { port, url } = await listen(app, LOCAL);
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const second = await buildServer(parts);
    await expect(listen(second, { ...LOCAL, port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    await second.close();
  });

  it('names the address that is not ours', async () => {
    parts = await fakeServerParts();
    app = await buildServer(parts);
    await expect(listen(app, { ...LOCAL, host: '192.0.2.1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('TLS', () => {
  const key = 'reader-key-0123456789-abcdef';
  const tlsParts = async () => {
    parts = await fakeServerParts({
      settings: { server: { tls: { cert: 'cert.pem', key: 'key.pem' } }, keys: [{ name: 'a', key, scopes: ['read'] }] },
    });
    return parts;
  };

  it('is spoken with the files of the settings, and the cookie becomes Secure', async () => {
    const { baseDir } = await tlsParts();
    const pair = selfSigned();
    writeFileSync(join(baseDir, 'cert.pem'), pair.cert);
    writeFileSync(join(baseDir, 'key.pem'), pair.key);
    app = await buildServer(parts);
    const { url } = await listen(app, { ...LOCAL, tls: true });
    expect(url).toMatch(/^https:/);
    const { port } = app.server.address() as AddressInfo;
    const ask = (origin: string) =>
      new Promise<{ status: number | undefined; cookie: string | undefined }>((resolve, reject) => {
        const call = httpsRequest(
          {
            host: '127.0.0.1',
            port,
            path: '/session',
            method: 'POST',
            ca: pair.cert,
            checkServerIdentity: () => undefined,
            headers: { 'content-type': 'application/json', origin },
          },
          (response) => {
            response.resume();
            resolve({ status: response.statusCode, cookie: response.headers['set-cookie']?.[0] });
          },
        );
        call.on('error', reject);
        call.end(JSON.stringify({ key }));
      });
    const { status, cookie } = await ask(url);
    expect(status).toBe(204);
    expect(cookie).toContain('; Secure');
    expect((await ask(`http://127.0.0.1:${port}`)).status).toBe(403);
  });

  it('fails at the start, naming the setting, when a file is missing or is something else', async () => {
    const { baseDir } = await tlsParts();
    await expect(buildServer(parts)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^server\.tls\.cert: .*cert\.pem cannot be read \(ENOENT\)$/),
    });
    writeFileSync(join(baseDir, 'cert.pem'), 'no certificate');
    writeFileSync(join(baseDir, 'key.pem'), 'no key');
    await expect(buildServer(parts)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^server\.tls: /),
    });
    parts.dispose();
    parts = await fakeServerParts();
    app = await buildServer(parts);
  });
});
