import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FACE_STYLES } from '../../web/src/wall/draw-faces.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';
import { strokeDistance, takeCanvas } from './drawn-canvas.ts';
import { listenToFrames } from './live-frames.ts';
import { pictureDistance } from './picture-distance.ts';

const CAMERA = 'entrance';
/** Boxes narrower than this have lines as thick as themselves. */
const NARROWEST_PX = 14;

const rgb = (hex: string) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as [number, number, number];

describe.skipIf(!requirement('chromium').met)('the wall, in a browser, of the real demo', () => {
  let dataDir: string;
  let server: FacegateProcess;
  let browser: Browser;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'facegate-e2e-'));
    server = await startFacegate(['demo', '--no-open', '--port', '0', '--data', dataDir]);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  describe.each([
    { width: 360, height: 760, deviceScaleFactor: 2 },
    { width: 1280, height: 800, deviceScaleFactor: 1 },
  ])('at $width px', ({ width, height, deviceScaleFactor }) => {
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      ({ page, complaints } = await openPage(browser, server.address, {
        viewport: { width, height },
        deviceScaleFactor,
      }));
      await page.waitForSelector(`[data-camera="${CAMERA}"][data-live="true"] canvas[data-faces]`, { timeout: 60_000 });
    });
    afterAll(() => page?.context().close());

    it('draws each face’s box within 2 px of where the server saw it, in words and in pixels', async () => {
      await using frames = await listenToFrames(server.address, CAMERA);
      let boxes = 0;
      let edges = 0;
      const seen = new Set<number>();
      const until = Date.now() + 60_000;
      while ((seen.size < 8 || boxes < 20 || edges < 24) && Date.now() < until) {
        const canvas = await takeCanvas(page, CAMERA);
        if (seen.has(canvas.sequence)) {
          await page.waitForTimeout(30);
          continue;
        }
        // The first frames may be from before we listened.
        const frame = (await frames.frame(canvas.sequence).catch(() => null))?.said;
        seen.add(canvas.sequence);
        if (!frame) continue;
        expect(canvas.pixelWidth, 'one canvas pixel for each of the screen').toBe(
          Math.round(canvas.width * deviceScaleFactor),
        );
        expect(canvas.faces).toHaveLength(frame.faces.length);
        // The picture lies in the middle of the canvas, as large as it goes.
        const scale = Math.min(canvas.width / frame.width, canvas.height / frame.height);
        const left = (canvas.width - frame.width * scale) / 2;
        const top = (canvas.height - frame.height * scale) / 2;
        for (const [i, face] of frame.faces.entries()) {
          const drawn = canvas.faces[i]!;
          const [x1, y1, x2, y2] = face.bbox;
          const box = {
            x: left + x1 * scale,
            y: top + y1 * scale,
            width: (x2 - x1) * scale,
            height: (y2 - y1) * scale,
          };
          for (const side of ['x', 'y', 'width', 'height'] as const) {
            expect(Math.abs(drawn.box[side] - box[side]), `${side} of face ${i}`).toBeLessThanOrEqual(2);
          }
          expect(drawn.status).toBe(face.status);
          boxes += 1;
          if (face.status !== 'known' || box.width < NARROWEST_PX) continue;
          const halfLine = Math.min(FACE_STYLES.known.width, Math.max(1.25, box.width / 16)) / 2;
          const distances = strokeDistance(canvas, box, rgb(FACE_STYLES.known.colour));
          for (const [edge, distance] of Object.entries(distances)) {
            // Another face or its label may lie over an edge; what is seen must be right.
            if (distance === null) continue;
            expect(
              Math.abs(distance + halfLine),
              `${edge} line of face ${i}, frame ${frame.sequence}`,
            ).toBeLessThanOrEqual(2);
            edges += 1;
          }
        }
      }
      expect(boxes).toBeGreaterThanOrEqual(20);
      expect(edges).toBeGreaterThanOrEqual(24);
    });

    it('draws them over the very picture they belong to, not the one before or after', async () => {
      await using frames = await listenToFrames(server.address, CAMERA);
      await page.waitForTimeout(1000);
      let compared = 0;
      let last = 0;
      const until = Date.now() + 60_000;
      while (compared < 6 && Date.now() < until) {
        const canvas = await takeCanvas(page, CAMERA);
        if (canvas.sequence === last) {
          await page.waitForTimeout(30);
          continue;
        }
        last = canvas.sequence;
        const [before, own, after] = await Promise.all(
          [-1, 0, 1].map((step) => frames.frame(canvas.sequence + step).catch(() => null)),
        );
        if (!before || !own || !after) continue;
        const distance = await pictureDistance(canvas, own.jpeg);
        expect(distance, `frame ${last}`).toBeLessThan(await pictureDistance(canvas, before.jpeg));
        expect(distance, `frame ${last}`).toBeLessThan(await pictureDistance(canvas, after.jpeg));
        compared += 1;
      }
      expect(compared).toBe(6);
    });

    it('shows names, similarity, and why the others have none', async () => {
      const labels = new Set<string>();
      await expect
        .poll(
          async () => {
            for (const { label } of (await takeCanvas(page, CAMERA)).faces) labels.add(label);
            return [...labels].join('\n');
          },
          { timeout: 60_000, interval: 50 },
        )
        .toMatch(/^(?=[\s\S]*^(Ada|Ben|Chloe) 0\.\d\d)(?=[\s\S]*^(Unknown|Unfit) [a-z])/m);
      // The same for those who do not see the picture.
      await expect
        .poll(() => page.getByRole('img', { name: /Ada|Ben|Chloe/ }).count(), { timeout: 30_000, interval: 50 })
        .toBe(1);
    });

    it('lists the door’s answers, each once', async () => {
      if (width < 1080) await page.getByRole('link', { name: 'Events' }).click();
      await page.locator('[data-type="access.granted"]', { hasText: 'Ada' }).first().waitFor({ timeout: 60_000 });
      await page.locator('[data-type="access.denied"]', { hasText: 'not on the door’s list' }).first().waitFor();
      const numbers = await page
        .locator('[data-event]')
        .evaluateAll((rows) =>
          rows.map((row) => Number((row as unknown as { dataset: { event: string } }).dataset.event)),
        );
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    });

    it('fits its width on every page', async () => {
      for (const hash of ['#/wall', `#/wall/${CAMERA}`, '#/events', '#/doors', '#/people']) {
        await page.goto(`${server.address}/${hash}`);
        await page.locator('main h1').first().waitFor();
        const [content, view] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        );
        expect(content, hash).toBeLessThanOrEqual(view);
      }
    });

    it('makes the browser complain about nothing', () => {
      expect(complaints).toEqual([]);
    });
  });

  it('is worked by keys alone', async () => {
    const { page } = await openPage(browser, server.address, { viewport: { width: 1280, height: 800 } });
    const hash = () => new URL(page.url()).hash;
    await page.locator(`[data-camera="${CAMERA}"]`).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys and signs' }).waitFor();
    await page.keyboard.press('e'); // not behind an open dialog
    expect(hash()).not.toBe('#/events');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('1');
    await page.locator('.alone-picture').waitFor();
    expect(hash()).toBe(`#/wall/${CAMERA}`);
    await page.keyboard.press('Escape');
    await expect.poll(hash).toBe('#/wall');
    await page.keyboard.press('e');
    await expect.poll(hash).toBe('#/events');
    await page.context().close();
  });

  it('takes its pictures over one socket, and none while nobody can see them', async () => {
    const { page } = await openPage(browser, 'about:blank', { viewport: { width: 1280, height: 800 } });
    const open = new Set<string>();
    page.on('websocket', (socket) => {
      const { pathname } = new URL(socket.url());
      if (pathname !== '/ws/live') return;
      open.add(socket.url());
      socket.on('close', () => open.delete(socket.url()));
    });
    const hide = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    const live = page.locator(`[data-camera="${CAMERA}"][data-live="true"]`);
    await page.goto(server.address);
    await live.waitFor();
    expect([...open]).toEqual([expect.stringContaining(`camera=${CAMERA}`)]);
    await hide(true);
    await expect.poll(() => open.size).toBe(0);
    await hide(false);
    await expect.poll(() => open.size).toBe(1);
    await live.waitFor();
    // Nor on a page without cameras.
    await page.keyboard.press('p');
    await expect.poll(() => open.size).toBe(0);
    await page.context().close();
  });

  it('adds a camera that cannot be reached, says why it shows nothing, and removes it', async () => {
    const { page } = await openPage(browser, server.address, { viewport: { width: 1280, height: 800 } });
    await page.getByRole('button', { name: 'Add camera' }).click();
    const dialog = page.getByRole('dialog');
    // Port 9 of this machine: nobody listens there.
    await dialog.getByLabel('Address', { exact: true }).fill('rtsp://user:geheim@127.0.0.1:9/nothing');
    await dialog.getByLabel('Name (may stay empty)', { exact: true }).fill('Back door');
    expect(await dialog.getByLabel('Id', { exact: true }).inputValue()).toBe('back-door');
    await dialog.getByRole('button', { name: 'Try it' }).click();
    await dialog.getByText('STREAM_CONNECTION_FAILED').waitFor({ timeout: 60_000 });
    expect(await dialog.textContent()).not.toContain('geheim');
    await dialog.getByRole('button', { name: 'Add anyway' }).click();
    const picture = page.locator('[data-camera="back-door"]');
    // Over the picture, and in the line below it a moment later.
    await picture.getByText('Reconnecting').first().waitFor({ timeout: 60_000 });
    expect(await picture.getAttribute('data-live')).toBe('false');
    expect(await page.locator('body').textContent()).not.toContain('geheim');
    await page.getByRole('button', { name: 'Remove Back door' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.locator(`[data-camera="${CAMERA}"]`).waitFor();
    expect(await page.locator('[data-camera="back-door"]').count()).toBe(0);
    await page.context().close();
  });
});
