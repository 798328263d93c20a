import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, openPage } from '../support/chromium.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';
import { takeCanvas } from './drawn-canvas.ts';

const GROUP = fileURLToPath(new URL('../../node_modules/@vladmandic/face-api/demo/sample1.jpg', import.meta.url));

describe.skipIf(!requirement('chromium').met)('people, enrolled through the page', () => {
  let dir: string;
  let server: FacegateProcess;
  let browser: Browser;
  const pictures: Record<'alone' | 'group' | 'text', string> = { alone: '', group: GROUP, text: '' };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'facegate-e2e-'));
    pictures.alone = join(dir, 'alone.jpg');
    pictures.text = join(dir, 'notes.jpg');
    // One of the three faces of the picture.
    await sharp(GROUP).extract({ left: 300, top: 220, width: 460, height: 520 }).jpeg().toFile(pictures.alone);
    await writeFile(pictures.text, 'this is a text that calls itself a picture');
    server = await startFacegate(['demo', '--no-open', '--port', '0', '--data', join(dir, 'data')]);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('takes the good picture, refuses the others with their reasons, and lists the person', async () => {
    const { page } = await openPage(browser, `${server.address}/#/people`, { viewport: { width: 360, height: 760 } });
    await page.getByRole('button', { name: 'Enrol', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Enrol a person' });
    await dialog.getByLabel('Name').fill('Zoë Example');
    await dialog.getByLabel('Pictures', { exact: true }).first().setInputFiles(Object.values(pictures));
    await dialog.getByRole('button', { name: 'Enrol', exact: true }).click();
    const row = (file: string) => dialog.locator('.picture-row', { hasText: file });
    await row('alone.jpg')
      .getByText(/Enrolled: quality 0\.\d\d/)
      .waitFor();
    await row('sample1.jpg')
      .getByText(/More than one face/)
      .waitFor();
    await row('notes.jpg')
      .getByText(/Not a JPEG, PNG or WebP picture|damaged/)
      .waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();

    await page.reload();
    const person = page.locator('.person', { hasText: 'Zoë Example' });
    await person.getByText('1 picture').waitFor();
    const { subjects } = (await (await fetch(`${server.address}/subjects`)).json()) as { subjects: { name: string }[] };
    expect(subjects.map(({ name }) => name)).toContain('Zoë Example');

    await page.getByPlaceholder('Search by name').fill('zoë');
    expect(await page.locator('.person').count()).toBe(1);
    await page.getByRole('button', { name: 'Delete Zoë Example' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await person.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('leaves nobody behind when no picture was good', async () => {
    const { page } = await openPage(browser, `${server.address}/#/people`, { viewport: { width: 1280, height: 800 } });
    await page.getByRole('button', { name: 'Enrol', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Nobody');
    await dialog.getByLabel('Pictures', { exact: true }).first().setInputFiles(pictures.group);
    await dialog.getByRole('button', { name: 'Enrol', exact: true }).click();
    await dialog.getByText('Nobody is not enrolled: no picture could be used.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.person').first().waitFor();
    expect(await page.locator('.person', { hasText: 'Nobody' }).count()).toBe(0);
    await page.context().close();
  });

  // The starter models are too weak to find everybody again from one moment.
  it.skipIf(!requirement('shared').met)(
    'enrols a stranger from the live picture, who then has a name on the wall',
    async () => {
      const { page } = await openPage(browser, `${server.address}/#/wall/entrance`, {
        viewport: { width: 1280, height: 800 },
      });
      const stranger = page.locator('.face-button:not([disabled])', { hasText: 'Unknown' });
      const dialog = page.getByRole('dialog');
      let enrolled = false;
      // A moment may be a bad one: people walk and turn away.
      for (let attempt = 0; attempt < 40 && !enrolled; attempt += 1) {
        await page.locator('.alone-picture[data-live="true"]').waitFor();
        await page.getByRole('button', { name: 'Enrol a face' }).click({ timeout: 30_000 });
        await dialog.waitFor();
        if ((await stranger.count()) === 0) {
          await dialog.getByRole('button', { name: 'Close' }).click();
          continue;
        }
        await stranger.first().click();
        await dialog.getByLabel('Name').fill('Dora');
        await dialog.locator('.picture-row[data-at="waiting"]').waitFor();
        await dialog.getByRole('button', { name: /^(Enrol|Add the pictures)$/ }).click();
        const refused = dialog.locator('.picture-row[data-at="refused"]');
        await Promise.race([dialog.waitFor({ state: 'detached' }), refused.waitFor()]);
        enrolled = (await dialog.count()) === 0;
        if (!enrolled) await dialog.getByRole('button', { name: 'Close' }).click();
      }
      expect(enrolled).toBe(true);
      await expect
        .poll(async () => (await takeCanvas(page, 'entrance')).faces.map(({ label }) => label).join('\n'), {
          timeout: 60_000,
          interval: 60,
        })
        .toMatch(/^Dora 0\.\d\d/m);
      await page.context().close();
    },
  );
});
