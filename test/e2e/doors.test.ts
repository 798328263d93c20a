import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessEvent, DoorView } from '../../web/src/api/api-types.ts';
import type { EventsAnswer } from '../../web/src/api/facegate-api.ts';
import { launchChromium, openPage } from '../support/chromium.ts';
import { type FacegateProcess, startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';

const DOOR = 'lobby';
const WIDE = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 360, height: 760 } };
/** The film shows Ada again and again; on a busy machine most of its pictures are too old for the door. */
const AGAIN = { timeout: 240_000, interval: 250 };
const SOON = { timeout: 30_000, interval: 100 };

describe.skipIf(!requirement('chromium').met)('doors and their history, in a browser, of the real demo', () => {
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

  const read = async <T>(path: string) => (await (await fetch(server.address + path)).json()) as T;
  const door = () => read<DoorView>(`/doors/${DOOR}`);
  const events = async (query: string) => (await read<EventsAnswer>(`/events?limit=1000&${query}`)).events;
  const grantsAfter = async (sequence: number) =>
    (await events(`since=${sequence}&types=access.granted`)).filter(({ reason }) => reason !== 'manual');
  const newest = async (type: string) => (await events(`types=${type}`)).at(-1) as AccessEvent;
  const set = (path: string, body: object) =>
    fetch(`${server.address}/doors/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const focused = (page: Page) => page.evaluate<string>('document.activeElement.getAttribute("aria-label") ?? ""');

  it('locks down by the keyboard alone: no grant until it is released, and everybody sees it', async () => {
    await expect.poll(async () => (await grantsAfter(0)).length, AGAIN).toBeGreaterThan(0);
    const { page, complaints } = await openPage(browser, `${server.address}/#/doors`, WIDE);
    const { page: onlooker } = await openPage(browser, `${server.address}/#/people`, PHONE);
    await onlooker.getByText('Connected', { exact: true }).waitFor({ state: 'attached' });

    await page.getByRole('button', { name: 'Lock down Lobby' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Lock down Lobby?' });
    await dialog.waitFor();
    await page.keyboard.type('Fire drill');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const card = page.locator(`article[data-door="${DOOR}"]`);
    await card.and(page.locator('[data-locked="true"]')).getByText('Fire drill').waitFor();
    expect(await focused(page), 'the keyboard is where it was').toBe('Release Lobby');
    expect(await page.getByRole('button', { name: 'Open Lobby once' }).isDisabled()).toBe(true);
    expect((await door()).lockdown).toMatchObject({ reason: 'Fire drill' });

    // Whoever looks at whatever page, and whoever comes to the wall.
    await onlooker.getByText('Lobby is locked down.').waitFor();
    await onlooker.goto(`${server.address}/#/wall`);
    await onlooker.locator(`.door-small[data-door="${DOOR}"][data-locked="true"]`).getByText('Locked down').waitFor();

    const { sequence } = await newest('door.locked_down');
    // People who would be answered come by meanwhile.
    const denied = async () =>
      (await events(`since=${sequence}&types=access.denied`)).filter(({ reason }) => reason === 'locked_down').length;
    await expect.poll(denied, AGAIN).toBeGreaterThan(0);
    expect((await set(`${DOOR}/unlock`, {})).status, 'not by hand either').toBe(409);
    expect(await grantsAfter(sequence)).toEqual([]);

    await page.keyboard.press('Enter');
    const release = page.getByRole('dialog', { name: 'Release Lobby?' });
    await release.waitFor();
    // A key that is held down, or pressed once too often, opens nothing.
    await page.keyboard.press('Enter');
    await release.waitFor({ state: 'detached' });
    expect((await door()).lockdown).not.toBeNull();
    await page.keyboard.press('Enter');
    await release.waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await release.waitFor({ state: 'detached' });
    await card.and(page.locator('[data-locked="false"]')).waitFor();
    expect(await focused(page)).toBe('Lock down Lobby');
    await onlooker.locator(`.door-small[data-door="${DOOR}"][data-locked="false"]`).waitFor();
    // It draws pictures, which takes what the door needs.
    await onlooker.context().close();
    const released = await newest('door.released');
    expect((await grantsAfter(sequence)).filter((grant) => grant.sequence < released.sequence)).toEqual([]);
    await expect.poll(async () => (await grantsAfter(released.sequence)).length, AGAIN).toBeGreaterThan(0);

    expect(complaints).toEqual([]);
    await page.context().close();
  }, 900_000);

  it('leaves the door as it is where the question is answered with no', async () => {
    const { page } = await openPage(browser, `${server.address}/#/doors`, WIDE);
    const before = (await events('types=door.locked_down')).length;
    await page.getByRole('button', { name: 'Lock down Lobby' }).click();
    // In the very moment the question has gone: a key pressed a little later, on nothing, would be lost.
    const then = page.evaluate<string>(
      `new Promise((done) => new MutationObserver((changes) => {
         if (changes.some(({ removedNodes }) => [...removedNodes].some(({ nodeName }) => nodeName === 'DIALOG')))
           done(document.activeElement.getAttribute('aria-label') ?? document.activeElement.nodeName);
       }).observe(document.body, { childList: true, subtree: true }))`,
    );
    await page.getByRole('dialog').getByRole('button', { name: 'Leave as it is' }).click();
    expect(await then).toBe('Lock down Lobby');
    expect((await door()).lockdown).toBeNull();
    expect((await events('types=door.locked_down')).length).toBe(before);
    await page.context().close();
  });

  it('opens it once by hand, and says so', async () => {
    const { page } = await openPage(browser, `${server.address}/#/doors`, PHONE);
    await page.getByRole('button', { name: 'Open Lobby once' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('parcel');
    await page.getByRole('dialog').getByRole('button', { name: 'Open for 2 s' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const opened = await newest('access.granted');
    expect(opened).toMatchObject({ reason: 'manual', door: DOOR, subject: null });
    await page.goto(`${server.address}/#/events?kinds=granted&door=${DOOR}`);
    await page.locator(`[data-event="${opened.sequence}"]`, { hasText: 'Opened by hand' }).waitFor();
    await page.goto(`${server.address}/#/audit`);
    await page.locator('[data-action="door.unlocked"]', { hasText: 'parcel' }).waitFor();
    await page.context().close();
  });

  it('shows what somebody else does to it without being asked', async () => {
    const { page } = await openPage(browser, `${server.address}/#/doors`, PHONE);
    const card = page.locator(`article[data-door="${DOOR}"]`);
    await card.and(page.locator('[data-locked="false"]')).waitFor();
    expect((await set('lockdown', { active: true, reason: 'by the fire panel' })).status).toBe(200);
    await card.getByText('by the fire panel').waitFor();
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(wide, 'nothing sticks out at the side of a phone').toBeLessThanOrEqual(0);
    expect((await set('lockdown', { active: false })).status).toBe(200);
    await card.and(page.locator('[data-locked="false"]')).waitFor();
    await page.context().close();
  });

  describe('the history', () => {
    const rows = (page: Page) =>
      page
        .locator('.history [data-event]')
        .evaluateAll((list) =>
          list.map((row) => (row as unknown as { dataset: { event: string; type: string } }).dataset),
        );

    it('is filtered by what the address says, and the address says what is picked', async () => {
      const { page, complaints } = await openPage(browser, `${server.address}/#/events`, WIDE);
      await page.locator('.history [data-event]').first().waitFor();
      await page.getByRole('button', { name: 'Door', exact: true }).click();
      await page.getByRole('combobox', { name: 'Door' }).selectOption(DOOR);
      await page.locator('[data-type="door.locked_down"]').first().waitFor();
      await expect.poll(async () => (await rows(page)).every(({ type }) => type.startsWith('door.')), SOON).toBe(true);
      expect(new URL(page.url()).hash).toBe(`#/events?kinds=door&door=${DOOR}`);
      const wanted = (await events(`types=door.locked_down,door.released,door.policy_changed&doors=${DOOR}`))
        .map(({ sequence }) => String(sequence))
        .reverse();
      expect((await rows(page)).map(({ event }) => event)).toEqual(wanted);

      // The same address shows the same, elsewhere too.
      const { page: other } = await openPage(browser, page.url(), PHONE);
      await other.locator('[data-type="door.locked_down"]').first().waitFor();
      expect((await rows(other)).map(({ event }) => event)).toEqual(wanted);
      expect(complaints).toEqual([]);
      await other.context().close();
      await page.context().close();
    });

    it('finds a person by name in any case, and says which part to let go where nothing fits', async () => {
      const { page } = await openPage(browser, `${server.address}/#/events?kinds=camera`, WIDE);
      await page.locator('.history [data-type^="camera."]').first().waitFor();
      const named = async () => (await events('')).findLast(({ subject }) => subject !== null)?.subject?.name;
      await expect.poll(named, AGAIN).toBeDefined();
      const name = (await named())!;
      await page.getByRole('searchbox', { name: 'Person' }).fill(name.toLowerCase());
      await page.getByText('No such event').waitFor();
      await page.getByRole('button', { name: 'Without Camera' }).click();
      const whose = () => page.locator('.history .event-who').allTextContents();
      await expect.poll(async () => [...new Set(await whose())], SOON).toEqual([name]);
      expect(new URL(page.url()).hash).toBe(`#/events?person=${name.toLowerCase()}`);
      await page.context().close();
    });

    it('goes from event to event by the arrows and shows all of one', async () => {
      const { page } = await openPage(browser, `${server.address}/#/events?kinds=door`, WIDE);
      const times = page.locator('button.event-time');
      await times.nth(1).waitFor();
      await times.first().focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      const [, second] = await rows(page);
      const { id } = (await events('types=door.locked_down,door.released')).find(
        ({ sequence }) => String(sequence) === second!.event,
      )!;
      await page.locator(`[data-event="${second!.event}"]`).getByText(id).waitFor();
      await page.context().close();
    });

    it('reaches back to the first event', async () => {
      const { page } = await openPage(browser, `${server.address}/#/events`, WIDE);
      const first = page.locator('[data-event="1"]');
      const older = page.getByRole('button', { name: 'Show older ones' });
      await page.locator('.history [data-event]').first().waitFor();
      await expect
        .poll(async () => {
          if (await older.isVisible()) await older.click().catch(() => {});
          return first.count();
        }, AGAIN)
        .toBe(1);
      const numbers = (await rows(page)).map(({ event }) => Number(event));
      // Without a gap or a double, whatever came meanwhile.
      expect(numbers).toEqual(Array.from(numbers, (_, i) => numbers[0]! - i));
      await page.context().close();
    });
  });

  it('offers switches to those only whose key has the scope for it', async () => {
    // From the first key on everybody needs one.
    const make = async (scopes: string[], key?: string) => {
      const answer = await fetch(`${server.address}/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key !== undefined && { 'x-api-key': key }) },
        body: JSON.stringify({ name: scopes.join(' '), scopes }),
      });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as { key: string }).key;
    };
    const admin = await make(['admin']);
    const keys = { looks: await make(['read'], admin), guards: await make(['read', 'door'], admin) };
    for (const [who, key] of Object.entries(keys)) {
      const { page } = await openPage(browser, `${server.address}/#/doors`, WIDE);
      await page.getByLabel('Access key').fill(key);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page
        .locator(`article[data-door="${DOOR}"]`)
        .getByText(/granted, .* denied/)
        .waitFor();
      const switches = await page.getByRole('button', { name: /Lock down|Release|Open .* once/ }).count();
      expect(switches, who).toBe(who === 'guards' ? 2 : 0);
      await page.context().close();
    }
  });
});
