import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { requirement } from '../support/requirements.ts';

const KEY = 'admin-key-0123456789-abcdef';
const KEYS: SettingsInput = { keys: [{ name: 'boss', key: KEY, scopes: ['admin'] }] };

/** What a page tried, and what it got to see; null where the browser or the server kept it from it. */
type Seen = { status: number; body: string; limit: string | null } | null;

describe.skipIf(!requirement('chromium').met)('a page of another origin, in a real browser', () => {
  let browser: Browser;
  let site: Server;
  let origin: string;
  let parts: FakeServerParts;
  let app: FastifyInstance;
  let base: string;
  const pages: Page[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
    site = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>elsewhere</h1>'),
    );
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser.close();
    site.closeAllConnections();
    site.close();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
    await app.close();
    parts.dispose();
  });

  async function visit(settings: SettingsInput): Promise<Page> {
    parts = await fakeServerParts({ settings });
    app = await buildServer(parts);
    await app.listen({ host: '127.0.0.1', port: 0 });
    base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const { page } = await openPage(browser, origin);
    pages.push(page);
    return page;
  }
  const from = (page: Page, path: string, options: object = {}): Promise<Seen> =>
    page.evaluate(
      async ([url, init]) => {
        try {
          const answer = await fetch(url as string, init as RequestInit);
          const limit = answer.headers.get('ratelimit-remaining');
          return { status: answer.status, body: await answer.text(), limit };
        } catch {
          return null;
        }
      },
      [`${base}${path}`, options],
    );
  const json = (key: string, method: string, body?: object) => ({
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const names = () => parts.gallery.subjects().map(({ name }) => name);

  it('of the settings works with a key: reads, creates, changes, deletes, and sees its limit', async () => {
    const page = await visit({ ...KEYS, server: { origins: [origin] } });
    const created = await from(page, '/subjects', json(KEY, 'POST', { name: 'Ada' }));
    expect(created?.status).toBe(201);
    const { id } = JSON.parse(created?.body ?? '{}');
    expect(await from(page, `/subjects/${id}`, json(KEY, 'PATCH', { name: 'Grace' }))).toMatchObject({ status: 200 });
    expect(names()).toEqual(['Grace']);
    const listed = await from(page, '/subjects', { headers: { 'x-api-key': KEY } });
    expect([listed?.status, Number(listed?.limit)]).toEqual([200, 5997]);
    expect((await from(page, `/subjects/${id}`, { method: 'DELETE', headers: { 'x-api-key': KEY } }))?.status).toBe(
      204,
    );
    expect(names()).toEqual([]);
    // A refusal can be read as well.
    expect(await from(page, '/subjects', json('wrong', 'GET'))).toMatchObject({ status: 401 });
  });

  it.each<[string, SettingsInput]>([
    ['with a key that it knows', KEYS],
    ['while there is no key', {}],
    ['where another origin stands in the settings', { ...KEYS, server: { origins: ['https://portal.example'] } }],
  ])('that is not in the settings reads and does nothing %s', async (_, settings) => {
    const page = await visit(settings);
    parts.gallery.createSubject({ name: 'Ada' });
    const [{ id } = { id: '' }] = parts.gallery.subjects();
    for (const [path, options] of [
      ['/subjects', {}],
      ['/subjects', { headers: { 'x-api-key': KEY } }],
      ['/subjects', json(KEY, 'POST', { name: 'Eve' })],
      [`/subjects/${id}`, json(KEY, 'DELETE')],
      // No preflight: only the server can refuse these.
      ['/subjects', { method: 'POST', body: '{"name":"Eve"}' }],
      ['/subjects', { method: 'POST', mode: 'no-cors', body: '{"name":"Eve"}', credentials: 'include' }],
    ] as const) {
      const seen = await from(page, path, options);
      // What an opaque answer shows.
      if (seen !== null) expect(seen).toEqual({ status: 0, body: '', limit: null });
    }
    const fields = `<input name='{"name":"Eve","x":"' value='"}'><button>send</button>`;
    await page.setContent(`<form method="post" action="${base}/subjects" enctype="text/plain">${fields}</form>`);
    const [posted] = await Promise.all([page.waitForNavigation(), page.click('button')]);
    expect(posted?.status()).toBe(403);
    expect(names()).toEqual(['Ada']);
  });
});
