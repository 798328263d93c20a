import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { galleryLimits } from '../../cli/commands/gallery-limits.ts';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { openGallery } from '../../gallery/subject-gallery.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { Tenant, TenantLimits } from '../../server/tenant.ts';
import { openTestTenant } from '../support/open-test-tenant.ts';

const LIMIT_BYTES = 8_000_000;

const folder = mkdtempSync(join(tmpdir(), 'facegate-limits-'));
const dataDir = join(folder, 'data');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (limits: TenantLimits, settings: SettingsInput = {}) =>
  openTestTenant({
    folder: dataDir,
    settings: { models: { processes: 1 }, server: { port: 0 }, ...settings },
    tenant: 'lobby',
    limits,
  });

it('a tenant whose settings have more cameras than it may have does not start, and says both numbers', async () => {
  const cameras = ['a', 'b', 'c'].map((id) => ({ id, url: 'test:' }));
  await expect(open({ cameras: 2, subjects: null, diskBytes: null }, { cameras })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'cameras: there are 3, and there may be 2 (limits.cameras)',
  });
});

describe('a tenant with limits', () => {
  let tenant: Tenant;
  let address: string;
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(address + path, {
      method,
      ...(body && { headers: { 'content-type': 'application/json', 'x-api-key': 'any' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const metric = async (name: string) => {
    const text = await (await fetch(`${address}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{tenant="lobby"\\} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const faults = async () => {
    const { body } = await ask('GET', '/events?types=system.fault&limit=100');
    return (body.events as { reason: string; tenant: string }[]).map(({ reason, tenant: of }) => `${of} ${reason}`);
  };

  beforeAll(async () => {
    const limits = { cameras: 2, subjects: 2, diskBytes: LIMIT_BYTES };
    tenant = await open(limits, { cameras: [{ id: 'yard', url: 'test:', enabled: false }] });
    ({ address } = await tenant.start());
  }, 120_000);
  afterAll(() => tenant?.close());

  it('takes as many cameras as it may have, and says how many those are', async () => {
    expect((await ask('POST', '/cameras', { id: 'lobby', url: 'test:', enabled: false })).status).toBe(201);
    expect(await ask('POST', '/cameras', { id: 'gate', url: 'test:', enabled: false })).toEqual({
      status: 409,
      body: {
        code: 'CAMERA_LIMIT',
        message: 'there are 2 cameras, and there may be 2',
        details: { cameras: 2, limit: 2 },
      },
    });
  });

  it('takes as many subjects as it may have, whichever way they come', async () => {
    expect((await ask('POST', '/subjects', { name: 'Ada' })).status).toBe(201);
    expect((await ask('POST', '/subjects', { name: 'Grace' })).status).toBe(201);
    expect((await ask('POST', '/subjects', { name: 'ada' })).body.code).toBe('SUBJECT_EXISTS');
    expect(await ask('POST', '/subjects', { name: 'Hedy' })).toEqual({
      status: 409,
      body: {
        code: 'SUBJECT_LIMIT',
        message: 'the gallery holds 2 subjects and may hold 2',
        details: { subjects: 2, limit: 2 },
      },
    });
    expect((await ask('POST', '/api/v1/recognition/subjects', { subject: 'Hedy' })).status).toBe(409);
    // The command line, beside the server.
    using limits = await galleryLimits(dataDir, silentLog);
    await using beside = openGallery({
      file: join(dataDir, 'gallery.db'),
      model: tenant.gallery.model.model,
      width: tenant.gallery.width,
      limits,
      log: silentLog,
      clock: systemClock,
    });
    expect(() => beside.createSubject({ name: 'Hedy' })).toThrow(expect.objectContaining({ code: 'SUBJECT_LIMIT' }));
    expect(tenant.gallery.size.subjects).toBe(2);
    tenant.gallery.removeSubject(tenant.gallery.subjectNamed('Grace')?.id ?? '');
    expect(beside.createSubject({ name: 'Grace' }).name).toBe('Grace');
  });

  it('keeps to its disk: no more is enrolled, no backup put there, events go on, and it is told once', {
    timeout: 60_000,
  }, async () => {
    const { gallery } = tenant;
    const { id } = gallery.subjectNamed('Ada') as { id: string };
    const vector = Float32Array.from({ length: gallery.width }, (_, i) => (i % 2 === 0 ? 0.1 : -0.1));
    const enrol = () =>
      gallery.addTemplate(id, { embedding: { model: gallery.model.model, vector }, quality: 1, source: 'here' });
    enrol();
    // Models do not count, nor what lies elsewhere.
    mkdirSync(join(dataDir, 'models'), { recursive: true });
    writeFileSync(join(dataDir, 'models', 'large.onnx'), Buffer.alloc(LIMIT_BYTES, 1));
    writeFileSync(join(folder, 'elsewhere'), Buffer.alloc(LIMIT_BYTES, 1));
    symlinkSync(join(folder, 'elsewhere'), join(dataDir, 'link'));
    mkdirSync(join(dataDir, 'deep'));
    await new Promise((looked) => setTimeout(looked, 6000));
    expect(await metric('facegate_data_limit_bytes')).toBe(LIMIT_BYTES);
    const before = await metric('facegate_data_bytes');
    expect(before).toBeGreaterThan(100_000);
    expect(before).toBeLessThan(LIMIT_BYTES / 2);
    expect(await faults()).toEqual([]);

    writeFileSync(join(dataDir, 'deep', 'much'), Buffer.alloc(LIMIT_BYTES, 1));
    await expect.poll(faults, { timeout: 10_000 }).toEqual(['lobby DISK_LIMIT']);
    expect(await metric('facegate_data_bytes')).toBeGreaterThanOrEqual(before + LIMIT_BYTES);
    const refused = await ask('POST', '/subjects', { name: 'Hedy' });
    expect(refused).toMatchObject({ status: 507, body: { code: 'DISK_LIMIT', details: { limitBytes: LIMIT_BYTES } } });
    expect((await ask('POST', '/api/v1/recognition/subjects', { subject: 'Hedy' })).status).toBe(507);
    expect(enrol).toThrow(expect.objectContaining({ code: 'DISK_LIMIT' }));
    const backUp = (target: string) =>
      spawnSync(process.execPath, ['cli/main.ts', 'backup', target, '--data', dataDir], { encoding: 'utf8' });
    const inside = backUp(join(dataDir, 'deep', 'backup.tar.gz'));
    expect([inside.status, inside.stderr]).toEqual([1, expect.stringContaining('the data folder takes')]);
    const outside = backUp(join(folder, 'backup.tar.gz'));
    expect([outside.status, outside.stderr]).toEqual([0, expect.any(String)]);

    // Taking away is possible, what happens is still written down, and nothing is told a second time.
    expect((await fetch(`${address}/subjects/${gallery.subjectNamed('Grace')?.id}`, { method: 'DELETE' })).status).toBe(
      204,
    );
    await new Promise((looked) => setTimeout(looked, 6000));
    expect(await faults()).toEqual(['lobby DISK_LIMIT']);

    rmSync(join(dataDir, 'deep'), { recursive: true });
    await expect
      .poll(async () => (await ask('POST', '/subjects', { name: 'Hedy' })).status, { timeout: 10_000 })
      .toBe(201);
    enrol();
  });
});
