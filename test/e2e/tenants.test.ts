import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../server/tenant.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { openTestTenant } from '../support/open-test-tenant.ts';
import { longFilm, WALK } from '../support/people-in-film.ts';
import { requirement } from '../support/requirements.ts';
import { openStrippingProxy, type StrippingProxy } from '../support/stripping-proxy.ts';

const TENANTS = [
  { id: 'attendance', name: 'Attendance', key: 'a-key-of-attendance-0123456789' },
  { id: 'access', name: 'Access to the yard', key: 'a-key-of-the-yard-0123456789' },
] as const;
type Who = (typeof TENANTS)[number];

describe.skipIf(!requirement('chromium').met || !requirement('shared').met || !requirement('ffmpeg').met)(
  'the console of tenants that share one address',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-e2e-'));
    const opened: Tenant[] = [];
    const socketOf = (id: string) => join(folder, 'sockets', `${id}.sock`);
    let proxy: StrippingProxy;
    let browser: Browser;

    beforeAll(async () => {
      const film = longFilm(WALK, 60, join(folder, 'walk.mp4'));
      for (const { id, name, key } of TENANTS) {
        const tenant = await openTestTenant({
          folder,
          settings: {
            keys: [{ name: `desk of ${id}`, key, scopes: ['admin'] }],
            models: { processes: 1, detector: { model: 'retinaface-mobilenet025' } },
            cameras: [{ id: `cam-${id}`, url: `file:${film}`, fps: 2, width: 640, realtime: true, loop: true }],
          },
          dataDir: join(folder, id),
          tenant: id,
          tenantName: name,
          behind: { socketPath: socketOf(id), prefix: `/${id}` },
          consoleDir: fileURLToPath(new URL('../../web/dist', import.meta.url)),
        });
        opened.push(tenant);
        await tenant.start();
      }
      proxy = await openStrippingProxy(Object.fromEntries(TENANTS.map(({ id }) => [id, socketOf(id)])));
      browser = await launchChromium();
    });
    afterAll(async () => {
      await browser?.close();
      await proxy?.[Symbol.asyncDispose]();
      for (const tenant of opened) await tenant.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const logIn = async (page: Page, { key, name }: Who) => {
      await page.locator('.login-tenant', { hasText: name }).waitFor();
      expect(await page.title()).toBe(`Log in · ${name} · facegate`);
      await page.getByLabel('Access key').fill(key);
      await page.getByRole('button', { name: 'Log in' }).click();
    };
    const live = (page: Page, { id }: Who) =>
      page.locator(`[data-camera="cam-${id}"][data-live="true"] canvas[data-sequence]`);

    it('asks each for its own key, shows its own pictures, events and people, and keeps two sessions in one browser', async () => {
      const [first, second] = TENANTS;
      const { page, complaints } = await openPage(browser, `${proxy.address}/${first.id}/#/wall`);
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      page.on('websocket', (socket) => asked.push(new URL(socket.url()).pathname));
      await logIn(page, first);
      await live(page, first).waitFor({ timeout: 60_000 });
      const before = await live(page, first).getAttribute('data-sequence');
      await expect.poll(() => live(page, first).getAttribute('data-sequence'), { timeout: 20_000 }).not.toBe(before);
      await page.locator('.brand', { hasText: first.name }).waitFor();
      expect(await page.title()).toBe(`1 camera live · ${first.name} · facegate`);

      // The same browser, another tenant: it is nobody there yet.
      const other = await page.context().newPage();
      other.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      other.on('pageerror', (error) => complaints.push(String(error)));
      await other.goto(`${proxy.address}/${second.id}/`);
      await logIn(other, second);
      await live(other, second).waitFor({ timeout: 60_000 });
      expect(await other.locator(`[data-camera="cam-${first.id}"]`).count()).toBe(0);

      // Routes are hashes; the events are those of the tenant.
      await page.getByRole('link', { name: 'Events' }).click();
      await page.locator('[data-type="camera.running"]').first().waitFor();
      expect(new URL(page.url()).pathname).toBe(`/${first.id}/`);
      await page.goto(`${proxy.address}/${first.id}/#/unknowns`);
      const face = page.locator('.unknown-picture, [class*="unknown"] img').first();
      await face.waitFor({ timeout: 60_000 });
      await expect
        .poll(() => page.evaluate<number>('Math.max(...[...document.images].map((each) => each.naturalWidth))'))
        .toBeGreaterThan(10);

      const cookies = await page.context().cookies();
      expect(cookies.map(({ name, path, httpOnly }) => [name, path, httpOnly]).sort()).toEqual([
        ['facegate_session_access', '/access/', true],
        ['facegate_session_attendance', '/attendance/', true],
      ]);

      // Out of one is not out of the other.
      await page.getByRole('button', { name: `Log out desk of ${first.id}` }).click();
      await page.getByLabel('Access key').waitFor();
      await other.reload();
      await live(other, second).waitFor({ timeout: 60_000 });
      expect((await other.request.get(`${proxy.address}/${first.id}/cameras`)).status()).toBe(401);
      expect((await other.request.get(`${proxy.address}/${second.id}/cameras`)).status()).toBe(200);

      expect(asked.filter((path) => !path.startsWith(`/${first.id}/`))).toEqual([]);
      expect(asked).toEqual(expect.arrayContaining([`/${first.id}/ws/live`, `/${first.id}/ws/events`]));
      expect(complaints.filter((line) => !/status of 401/.test(line))).toEqual([]);
      await page.context().close();
    });

    it('plays smooth video, whose player comes as a file of its own', async () => {
      const [, tenant] = TENANTS;
      const { page, complaints } = await openPage(browser, `${proxy.address}/${tenant.id}/#/wall/cam-${tenant.id}`);
      await logIn(page, tenant);
      const socket = page.waitForEvent('websocket', (each) => each.url().includes(`/${tenant.id}/ws/preview/`));
      const player = page.waitForResponse((each) => /\/assets\/mpeg1-player-.*\.js$/.test(each.url()));
      await page
        .getByRole('button', { name: /smooth/i })
        .or(page.getByText('Smooth'))
        .first()
        .click();
      expect((await player).status()).toBe(200);
      expect(new URL((await socket).url()).pathname).toBe(`/${tenant.id}/ws/preview/cam-${tenant.id}`);
      expect(complaints.filter((line) => !/status of 401/.test(line))).toEqual([]);
      await page.context().close();
    });
  },
);
