import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { CameraView, ReadyView } from '../../web/src/api/api-types.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { FaultRtspServer } from '../support/fault-rtsp-server.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

const NEEDS = (['chromium', 'ffmpeg', 'shared'] as const).every((name) => requirement(name).met);
const DESKTOP = { width: 1280, height: 860 };
const TRIANGLE = [
  [0.1, 0.1],
  [0.4, 0.1],
  [0.4, 0.4],
];

/** People on a stage, as a camera sends them. */
function video(): Buffer {
  const film = join(sharedDir, 'media/stage-and-audience-360p30.mp4');
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p'];
  const one = ['-x264-params', 'slices=1:sliced-threads=0:repeat-headers=1'];
  return execFileSync(
    'ffmpeg',
    ['-v', 'error', '-i', film, '-t', '6', '-an', '-r', '25', ...x264, ...one, '-f', 'h264', 'pipe:1'],
    { maxBuffer: 64 * 1024 * 1024 },
  );
}

// GL drivers in software say so when a screenshot is taken.
const aboutThePage = (complaints: readonly string[]) => complaints.filter((text) => !text.includes('GL Driver'));

describe.skipIf(!NEEDS)('cameras, looked after in the page', () => {
  let dir: string;
  let server: FacegateProcess;
  let browser: Browser;
  let front: FaultRtspServer;
  let locked: FaultRtspServer;
  let webPage: Server;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'facegate-e2e-'));
    const film = video();
    front = await FaultRtspServer.start({ video: film });
    locked = await FaultRtspServer.start({ video: film, credentials: { user: 'ann', password: 'geheim' } });
    webPage = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<h1>hello</h1>'));
    webPage.listen(0, '127.0.0.1');
    await once(webPage, 'listening');
    const config = join(dir, 'facegate.yaml');
    await writeFile(
      config,
      `cameras:
  - { id: front, name: Front door, url: "${front.url()}", fps: 3 }
  - { id: pattern, name: Pattern, url: "test:", fps: 2, zones: ${JSON.stringify([TRIANGLE])} }
`,
    );
    server = await startFacegate(['serve', '--config', config, '--port', '0', '--data', join(dir, 'data')]);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await front?.[Symbol.asyncDispose]();
    await locked?.[Symbol.asyncDispose]();
    webPage?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const camera = async (id: string) =>
    (await (await fetch(`${server.address}/cameras/${encodeURIComponent(id)}`)).json()) as CameraView;
  const live = (page: Page, id: string) => page.locator(`[data-camera="${id}"][data-live="true"]`);

  describe('smooth', () => {
    it('plays the camera’s video with boxes over it, and loads the player only then', async () => {
      const { page, complaints } = await openPage(browser, 'about:blank', { viewport: DESKTOP });
      const asked: string[] = [];
      let pictures = 0;
      page.on('request', (request) => asked.push(request.url()));
      page.on('websocket', (socket) => {
        if (socket.url().includes('/ws/preview/front')) socket.on('framereceived', () => (pictures += 1));
      });
      await page.goto(server.address);
      await live(page, 'front').waitFor();
      expect(asked.some((url) => url.includes('mpeg1-player'))).toBe(false);

      await page.keyboard.press('v');
      const shown = page.locator('[data-camera="front"]');
      await shown.locator('[data-smooth="playing"]').waitFor();
      expect(asked.some((url) => url.includes('mpeg1-player'))).toBe(true);
      expect(asked.every((url) => url.startsWith(server.address) || url.startsWith('about:'))).toBe(true);

      const before = pictures;
      const first = await shown.locator('.smooth-video').screenshot();
      await page.waitForTimeout(2000);
      // Far more than the three a second that are analysed.
      expect(pictures - before).toBeGreaterThan(20);
      expect(first.equals(await shown.locator('.smooth-video').screenshot())).toBe(false);

      const boxes = shown.locator('.smooth-boxes');
      const sequence = async () => Number(await boxes.getAttribute('data-sequence'));
      const then = await sequence();
      await expect.poll(sequence).toBeGreaterThan(then);
      await expect
        .poll(async () => JSON.parse((await boxes.getAttribute('data-faces')) ?? '[]').length)
        .toBeGreaterThan(0);
      await page.reload();
      await shown.locator('[data-smooth="playing"]').waitFor();
      expect(await page.getByRole('button', { name: 'Smooth' }).getAttribute('aria-pressed')).toBe('true');
      await live(page, 'front').waitFor();
      expect(aboutThePage(complaints)).toEqual([]);
      await page.context().close();
    });

    it('shows a camera that has no such video exactly, and says why', async () => {
      const { page } = await openPage(browser, `${server.address}/#/wall/pattern`, { viewport: DESKTOP });
      await live(page, 'pattern').waitFor();
      await page.getByRole('button', { name: 'Smooth' }).click();
      const shown = page.locator('[data-camera="pattern"]');
      await shown.getByText(/^Exact pictures: .+/).waitFor();
      await shown.locator('canvas[data-sequence]').waitFor();
      await page.context().close();
    });

    it('falls back while the camera is away, and plays again by itself', async () => {
      const { page } = await openPage(browser, `${server.address}/#/wall/front`, { viewport: DESKTOP });
      await page.getByRole('button', { name: 'Smooth' }).click();
      const shown = page.locator('[data-camera="front"]');
      await shown.locator('[data-smooth="playing"]').waitFor();
      front.fault = 'rtcp-only';
      try {
        await shown
          .locator('.not-live-word')
          .getByText(/Stalled|Reconnecting/)
          .waitFor({ timeout: 30_000 });
        expect(await shown.getAttribute('data-live')).toBe('false');
        await shown.locator('[data-smooth]').waitFor({ state: 'detached', timeout: 30_000 });
      } finally {
        front.fault = 'none';
      }
      await shown.locator('[data-smooth="playing"]').waitFor({ timeout: 60_000 });
      await live(page, 'front').waitFor();
      await page.context().close();
    });
  });

  it('tries, adds, changes and removes a camera, and never shows its password', async () => {
    const { page, complaints } = await openPage(browser, server.address, { viewport: DESKTOP });
    await page.getByRole('button', { name: 'Add camera' }).click();
    const dialog = page.getByRole('dialog');
    const address = dialog.getByLabel('Address', { exact: true });
    const tryIt = dialog.getByRole('button', { name: 'Try it' });

    // A web page behind the address.
    await address.fill(`http://127.0.0.1:${(webPage.address() as AddressInfo).port}/`);
    await tryIt.click();
    await dialog.locator('.probe-bad strong').waitFor();
    expect(await dialog.locator('.probe-bad').textContent()).toMatch(/web page|no video|MJPEG|multipart/i);

    // Nobody there.
    await address.fill('rtsp://127.0.0.1:9/cam');
    await tryIt.click();
    await dialog.getByText('STREAM_CONNECTION_FAILED').waitFor();

    // Pasted with a password that is wrong: it goes to its own field.
    await address.fill(`rtsp://ann:falsch@127.0.0.1:${locked.port}/cam`);
    await tryIt.click();
    await dialog.getByText('STREAM_AUTH_FAILED').waitFor();
    expect(await address.inputValue()).toBe(`rtsp://127.0.0.1:${locked.port}/cam`);
    expect(await dialog.getByLabel('Password').getAttribute('type')).toBe('password');

    await dialog.getByLabel('Password').fill('geheim');
    await tryIt.click();
    await dialog.getByText('The camera answers: 640 × 360').waitFor();
    // The smallest face is drawn to scale on the picture.
    const square = (await dialog.locator('.scale-line').boundingBox())!;
    const picture = (await dialog.locator('.probe-picture canvas').boundingBox())!;
    const px = Number(/recognised: (\d+) pixels/.exec((await dialog.textContent()) ?? '')?.[1]);
    expect(square.width / picture.width).toBeCloseTo(px / 640, 1);
    expect(px).toBeGreaterThan(10);

    await dialog.getByLabel('Name (may stay empty)', { exact: true }).fill('Back door');
    expect(await dialog.getByLabel('Id', { exact: true }).inputValue()).toBe('back-door');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await live(page, 'back-door').waitFor();
    expect(new URL(page.url()).hash).toBe('#/wall/back-door');

    await page.getByRole('button', { name: 'Change Back door' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('Yard');
    await dialog.getByLabel('Pictures a second, at most').fill('2');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Yard' }).waitFor();
    await live(page, 'back-door').waitFor();
    expect(await camera('back-door')).toMatchObject({ name: 'Yard', settings: { fps: 2 } });

    await page.getByRole('button', { name: 'Change Yard' }).click();
    await dialog.getByLabel('Switched on').uncheck();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This camera is switched off.').waitFor();
    await page.getByRole('button', { name: 'Switch it on' }).click();
    await live(page, 'back-door').waitFor();

    expect(await page.content()).not.toMatch(/geheim|falsch/);
    await page.getByRole('button', { name: 'Remove Yard' }).click();
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.locator('[data-camera="front"]').waitFor();
    expect((await camera('back-door')) as unknown).toMatchObject({ code: 'CAMERA_NOT_FOUND' });
    expect(aboutThePage(complaints)).toEqual([]);
    await page.context().close();
  });

  describe('areas', () => {
    it('are drawn with a pointer: closed at the first corner, dragged, taken back, removed, saved', async () => {
      const { page, complaints } = await openPage(browser, `${server.address}/#/wall/front`, { viewport: DESKTOP });
      await live(page, 'front').waitFor();
      await page.getByRole('button', { name: 'Zones and masks of Front door' }).click();
      const dialog = page.getByRole('dialog');
      const canvas = dialog.locator('.area-canvas');
      const at = async (x: number, y: number): Promise<[number, number]> => {
        const box = (await canvas.boundingBox())!;
        return [box.x + x * box.width, box.y + y * box.height];
      };
      const click = async (x: number, y: number) => page.mouse.click(...(await at(x, y)));
      const save = dialog.getByRole('button', { name: 'Save' });

      await dialog.getByRole('button', { name: 'Zone', exact: true }).click();
      for (const [x, y] of [
        [0.2, 0.2],
        [0.6, 0.2],
        [0.6, 0.6],
        [0.2, 0.2],
      ] as const) {
        await click(x, y);
      }
      await dialog.getByRole('button', { name: 'Zone 1', exact: true }).waitFor();
      await dialog.getByRole('button', { name: 'Mask', exact: true }).click();
      await click(0.7, 0.7);
      await click(0.9, 0.7);
      await click(0.9, 0.9);
      await page.keyboard.press('Enter');
      await dialog.getByRole('button', { name: 'Mask 1', exact: true }).waitFor();

      // A corner of the zone is dragged.
      await page.mouse.move(...(await at(0.6, 0.6)));
      await page.mouse.down();
      await page.mouse.move(...(await at(0.5, 0.8)), { steps: 5 });
      await page.mouse.up();
      // Drawn and dropped; drawn, removed and taken back.
      await dialog.getByRole('button', { name: 'Zone', exact: true }).click();
      await click(0.1, 0.8);
      await page.keyboard.press('Escape');
      await dialog.getByRole('button', { name: 'Mask 1', exact: true }).click();
      await page.keyboard.press('Delete');
      expect(await dialog.getByRole('button', { name: 'Mask 1', exact: true }).count()).toBe(0);
      await page.keyboard.press('Control+z');
      await dialog.getByRole('button', { name: 'Mask 1', exact: true }).waitFor();
      await save.click();
      await dialog.waitFor({ state: 'detached' });

      const { zones, masks } = await camera('front');
      expect(zones).toHaveLength(1);
      const near = (corners: unknown, want: number[][]) =>
        (corners as number[][]).every(([x, y], i) => Math.hypot(x! - want[i]![0]!, y! - want[i]![1]!) < 0.01);
      expect(near(zones[0], [[0.2, 0.2], [0.6, 0.2], [0.5, 0.8]])).toBe(true); // biome-ignore format: three corners
      expect(masks).toHaveLength(1);
      expect(near(masks[0], [[0.7, 0.7], [0.9, 0.7], [0.9, 0.9]])).toBe(true); // biome-ignore format: three corners
      expect(aboutThePage(complaints)).toEqual([]);
      await page.context().close();
    });

    it('are drawn with the keys alone, and not lost by closing the window', async () => {
      const { page } = await openPage(browser, `${server.address}/#/wall/front`, { viewport: DESKTOP });
      await page.getByRole('button', { name: 'Zones and masks of Front door' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.locator('.area-canvas').waitFor();
      const before = await dialog.locator('.area-mask').count();
      await dialog.getByRole('button', { name: 'Mask', exact: true }).focus();
      await page.keyboard.press('Enter');
      const go = async (key: string, times: number) => {
        for (let i = 0; i < times; i += 1) await page.keyboard.press(key);
      };
      await page.keyboard.press('Space');
      await go('Shift+ArrowRight', 3);
      await page.keyboard.press('Space');
      await go('Shift+ArrowDown', 3);
      await page.keyboard.press('Space');
      await page.keyboard.press('Enter');
      await expect.poll(() => dialog.locator('.area-mask').count()).toBe(before + 1);
      await page.keyboard.press('Escape'); // what is selected
      await page.keyboard.press('Escape');
      await dialog.getByText('What you drew is not saved.').waitFor();
      await dialog.getByRole('button', { name: 'Drop it' }).click();
      await dialog.waitFor({ state: 'detached' });
      expect((await camera('front')).masks).toHaveLength(before);
      await page.context().close();
    });

    it('are drawn with a finger on a phone, whose width they fit', async () => {
      const { page } = await openPage(browser, `${server.address}/#/wall/front`, {
        viewport: { width: 360, height: 760 },
        deviceScaleFactor: 2,
        hasTouch: true,
        isMobile: true,
      });
      const width = () => page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
      await live(page, 'front').waitFor();
      expect((await width())[0]).toBeLessThanOrEqual(360);
      await page.getByRole('button', { name: 'Zones and masks of Front door' }).tap();
      const dialog = page.getByRole('dialog');
      await dialog.locator('.area-canvas').waitFor();
      const before = await dialog.locator('.area-zone').count();
      await dialog.getByRole('button', { name: 'Zone', exact: true }).tap();
      const box = (await dialog.locator('.area-canvas').boundingBox())!;
      for (const [x, y] of [
        [0.1, 0.5],
        [0.4, 0.5],
        [0.4, 0.9],
        [0.1, 0.5],
      ] as const) {
        await page.touchscreen.tap(box.x + x * box.width, box.y + y * box.height);
      }
      await expect.poll(() => dialog.locator('.area-zone').count()).toBe(before + 1);
      expect((await width())[0]).toBeLessThanOrEqual(360);
      await page.context().close();
    });

    it('of the configuration file stay there: what was drawn comes as lines for it', async () => {
      const { page } = await openPage(browser, `${server.address}/#/wall/pattern`, { viewport: DESKTOP });
      await page.getByRole('button', { name: 'Zones and masks of Pattern' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Zone 1', exact: true }).click();
      await page.keyboard.press('Delete');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.getByText(/stands in the configuration file/).waitFor();
      const lines = await dialog.getByLabel('Lines for the configuration file').inputValue();
      expect(parse(lines)).toEqual({ cameras: [{ id: 'pattern', zones: [], masks: [] }] });
      expect((await camera('pattern')).zones).toEqual([TRIANGLE]);
      await page.context().close();
    });
  });

  it('says above every page what of the networks is less than it should be', async () => {
    const { page } = await openPage(browser, 'about:blank', { viewport: DESKTOP });
    // The server's own answer, as it is on a machine where things went wrong.
    await page.route('**/ready', async (route) => {
      const answer = await route.fetch();
      const ready = (await answer.json()) as ReadyView;
      const [detector, embedder] = ['detector', 'embedder'].map(
        (role) => ready.models.find((one) => one.role === role)!,
      );
      Object.assign(detector!, { insteadOf: 'retinaface-resnet50' });
      Object.assign(embedder!, { model: 'starter-dlib-128d', degraded: true });
      await route.fulfill({ response: answer, json: ready });
    });
    await page.goto(server.address);
    await page.locator('.banner-warn', { hasText: 'Memory ran out' }).waitFor();
    await page.locator('.banner-warn', { hasText: 'less than was asked for' }).waitFor();
    const starter = page.locator('.banner-info', { hasText: 'starter models' });
    await starter.getByRole('button', { name: 'Put this away' }).click();
    await starter.waitFor({ state: 'detached' });
    await page.reload();
    await page.locator('.banner-warn').first().waitFor();
    expect(await starter.count()).toBe(0);
    await page.context().close();
  });
});
