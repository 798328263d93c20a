import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, openPage } from '../support/chromium.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';

const eventNumbers = (page: Page) =>
  page
    .locator('[data-event]')
    .evaluateAll((rows) => rows.map((row) => Number((row as unknown as { dataset: { event: string } }).dataset.event)));

describe.skipIf(!requirement('chromium').met)('the page and its server', () => {
  let dir: string;
  let browser: Browser;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'facegate-e2e-'));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('says that the connection is lost, and comes back by itself when the server is there again', async () => {
    const demo = (port: number) =>
      startFacegate(['demo', '--no-open', '--port', String(port), '--data', join(dir, 'demo')]);
    let server: FacegateProcess = await demo(0);
    try {
      const { page } = await openPage(browser, server.address, { viewport: { width: 1280, height: 800 } });
      const live = page.locator('[data-camera="entrance"][data-live="true"] canvas[data-sequence]');
      await live.waitFor({ timeout: 60_000 });
      await page.locator('[data-type^="access."]').first().waitFor({ timeout: 60_000 });
      await page.evaluate('globalThis.neverReloaded = true');

      const { port } = server;
      await server.stop();
      await page.getByText(/Connection to the server lost at \d\d:\d\d:\d\d/).waitFor();
      await page
        .locator('[data-camera="entrance"][data-live="false"]')
        .getByText('No connection to the server')
        .waitFor();
      expect(await page.title()).toContain('Connection lost');

      server = await demo(port);
      await live.waitFor({ timeout: 60_000 });
      await page.getByText('Connection to the server lost').waitFor({ state: 'detached' });
      const before = await live.getAttribute('data-sequence');
      await expect.poll(() => live.getAttribute('data-sequence')).not.toBe(before);
      expect(await page.evaluate('globalThis.neverReloaded')).toBe(true);

      // The demo starts with an empty log: what is listed is the new log, whole.
      await page.locator('[data-type="access.granted"]').first().waitFor({ timeout: 60_000 });
      const numbers = await eventNumbers(page);
      expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! - i));
      const logged = (await (await fetch(`${server.address}/events?limit=1000`)).json()) as { latest: number };
      expect(logged.latest).toBeGreaterThanOrEqual(numbers[0]!);
    } finally {
      await server.stop();
    }
  });

  // `serve` takes no starter models.
  it.skipIf(!requirement('shared').met)(
    'asks for a key where one is needed, again after the session is gone, and goes back to where one was',
    async () => {
      const KEY = 'a-key-for-the-browser-tests-only';
      const config = join(dir, 'facegate.yaml');
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own variables
      const yaml = 'keys: [{ name: desk, key: "${E2E_KEY}", scopes: [admin] }]\n';
      await writeFile(config, yaml);
      const args = ['serve', '--config', config, '--data', join(dir, 'keys')];
      let server = await startFacegate([...args, '--port', '0'], { E2E_KEY: KEY });
      try {
        const { page } = await openPage(browser, `${server.address}/#/people`, {
          viewport: { width: 360, height: 760 },
        });
        const key = page.getByLabel('Access key');
        await key.fill('not the key');
        await page.getByRole('button', { name: 'Log in' }).click();
        await page.getByText('This key is not known here').waitFor();
        expect(await page.title()).toContain('Log in');

        await key.fill(KEY);
        await page.getByRole('button', { name: 'Log in' }).click();
        await page.getByText('Nobody is enrolled yet').waitFor();
        expect(page.url()).not.toContain(KEY);
        expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain(KEY);

        const { port } = server;
        await server.stop();
        await page.getByText('Connection to the server lost').waitFor();
        server = await startFacegate([...args, '--port', String(port)], { E2E_KEY: KEY });
        // Sessions live in the server's memory: the page asks again, and is where it was.
        await page.getByText('Your session has ended').waitFor();
        await key.fill(KEY);
        await page.getByRole('button', { name: 'Log in' }).click();
        await page.getByText('Nobody is enrolled yet').waitFor();
        await page.getByText('Connected', { exact: true }).waitFor({ state: 'attached' });

        await page.getByRole('button', { name: 'Log out desk' }).click();
        await key.waitFor();
        expect((await page.request.get(`${server.address}/subjects`)).status()).toBe(401);
      } finally {
        await server.stop();
      }
    },
  );
});
