import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventLog } from '../../access/event-log.ts';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openKeyStore } from '../../server/callers/key-store.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { openTestTenant, type TestTenantOptions } from '../support/open-test-tenant.ts';
import { longFilm, WALK } from '../support/people-in-film.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-tenant-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const logged: string[] = [];
const open = (settings: SettingsInput, more: Partial<TestTenantOptions> = {}) =>
  openTestTenant({
    ...more,
    folder,
    settings: { models: { processes: 1 }, ...settings },
    log: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
  });

describe('the admin key of a tenant that listens beyond this machine', () => {
  const taken = createServer();
  beforeAll(() => new Promise<void>((listening) => taken.listen(0, '0.0.0.0', listening)));
  afterAll(() => void taken.close());

  it.each([
    [
      'its port is taken',
      () => ({ server: { host: '0.0.0.0', port: (taken.address() as { port: number }).port } }),
      'PORT_IN_USE',
    ],
    [
      'a camera has no address that can be opened',
      () => ({ server: { host: '0.0.0.0', port: 0 }, cameras: [{ id: 'desk', url: 'webcam:../etc/passwd' }] }),
      'SOURCE_URL_INVALID',
    ],
  ])('is not made where %s, since nobody would ever see it', async (_, settings, code) => {
    await using tenant = await open(settings());
    await expect(tenant.start()).rejects.toMatchObject({ code });
    await tenant.close();
    const keys = openKeyStore({ file: join(folder, 'keys.db'), configured: [], clock: systemClock, log: silentLog });
    expect(keys.isEmpty).toBe(true);
    keys.close();
  });

  it('is made when all runs, once', async () => {
    const settings = { server: { host: '0.0.0.0', port: 0 } };
    await using first = await open(settings);
    expect((await first.start()).adminKey).toMatch(/^fg_/);
    await first.close();
    await using second = await open(settings);
    expect((await second.start()).adminKey).toBeNull();
    await expect(open(settings)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
    await second.close();
    const audit = openAuditLog({ file: join(folder, 'audit.db'), clock: systemClock });
    const made = audit.read({ limit: 100, actions: ['key.created'] });
    audit.close();
    expect(made.map(({ by, details }) => [by, details.name])).toEqual([['facegate', 'admin']]);
  });
});

describe('the admin key of a tenant behind a gateway', () => {
  it.each([
    ['0.0.0.0', true],
    ['127.0.0.1', false],
  ])('is made by where the gateway listens: on %s, %s', async (host, isMade) => {
    const behind = { socketPath: join(folder, `${host}.sock`), prefix: '/lobby' };
    const dataDir = join(folder, `behind-${host}`);
    await using tenant = await open({ server: { host } }, { tenant: 'lobby', behind, dataDir });
    const { address, adminKey } = await tenant.start();
    expect([address, adminKey !== null]).toEqual(['/lobby', isMade]);
  });
});

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('a camera whose every picture fails', () => {
  it('is one event, not one for each picture', { timeout: 60_000 }, async () => {
    const url = `file:${longFilm(WALK, 20, join(folder, 'film.mp4'))}`;
    logged.length = 0;
    await using tenant = await open({
      server: { port: 0 },
      cameras: [{ id: 'front', url, realtime: true, loop: true }],
    });
    await tenant.gallery.close();
    await tenant.start();
    const failures = () => logged.filter((line) => line.includes('GALLERY_UNAVAILABLE')).length;
    await expect.poll(failures, { timeout: 30_000 }).toBeGreaterThan(4);
    await tenant.close();
    const events = openEventLog({
      file: join(folder, 'events.db'),
      tenant: 'default',
      clock: systemClock,
      log: recordedLog(),
    });
    const faults = events.read({ limit: 1000, types: ['system.fault'] });
    expect(faults.map(({ camera, reason }) => [camera, reason])).toEqual([['front', 'GALLERY_UNAVAILABLE']]);
    await events.close();
  });
});

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('a person whom a camera recognises', () => {
  it('is noted as seen', { timeout: 60_000 }, async () => {
    const url = `file:${longFilm(WALK, 20, join(folder, 'walk.mp4'))}`;
    await using tenant = await open({
      server: { port: 0 },
      // Whoever it is, it is Ada.
      recognition: { threshold: -1, margin: 0 },
      cameras: [{ id: 'front', url, realtime: true, loop: true }],
    });
    const { gallery } = tenant;
    const { id } = gallery.createSubject({ name: 'Ada' });
    const { id: unseen } = gallery.createSubject({ name: 'Nobody' });
    const vector = Float32Array.from({ length: gallery.width }, (_, i) => (i % 2 === 0 ? 0.1 : -0.1));
    gallery.addTemplate(id, { embedding: { model: gallery.model.model, vector }, quality: 1, source: 'here' });
    const before = Date.now();
    await tenant.start();
    await expect.poll(() => gallery.subject(id).lastSeenMs ?? 0, { timeout: 30_000 }).toBeGreaterThanOrEqual(before);
    expect(gallery.subject(unseen).lastSeenMs).toBeNull();
  });
});
