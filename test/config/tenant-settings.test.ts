// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what one writes in the file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { loadTenants } from '../../config/load-tenants.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-tenants-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(yaml: string, env: Record<string, string> = {}) {
  const file = join(folder, 'facegate.yaml');
  writeFileSync(file, yaml);
  return loadTenants(loadSettings({ file, env }), env);
}

function problemOf(yaml: string): string {
  try {
    load(yaml);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

const uuid = 'MIG-c6a2b9f1-0000-4000-8000-00000000000a';
const entries = (...lines: string[]) => `tenants:\n${lines.map((line) => `  - { ${line} }\n`).join('')}`;

describe('tenants', () => {
  it('have settings each of their own, from a file or written where they are', () => {
    writeFileSync(join(folder, 'doors.yaml'), 'cameras: [{ id: front, url: "file:a.mp4" }]\nlog: { level: debug }\n');
    const [doors, batch] = load(
      `server: { host: 0.0.0.0, port: 9000, trustedProxies: [10.0.0.8] }\nlog: { level: warn }\n${entries(
        'id: doors, name: The doors, config: doors.yaml, device: cpu',
        'id: batch, settings: { keys: [{ name: a, key: "${KEY}", scopes: [read] }] }, limits: { memory: 2GiB, cpus: "0,2-3" }',
      )}`,
      { KEY: 'x'.repeat(24) },
    );
    expect(doors).toMatchObject({
      entry: { id: 'doors', name: 'The doors', device: 'cpu', shared: false },
      settings: {
        cameras: [{ id: 'front' }],
        server: { host: '0.0.0.0', port: 9000, trustedProxies: ['10.0.0.8'] },
        log: { level: 'debug' },
      },
      baseDir: folder,
      file: join(folder, 'doors.yaml'),
    });
    expect(batch).toMatchObject({
      entry: { limits: { memory: 2 ** 31, cpus: '0,2-3' } },
      settings: { cameras: [], keys: [{ key: 'x'.repeat(24) }], log: { level: 'warn' } },
      file: null,
    });
  });

  it.each([
    [
      entries('id: Doors, settings: {}'),
      'tenants[0].id must be 1 to 64 of a–z, 0–9, "-" and "_", starting with a letter or digit, got "Doors" (line 2)',
    ],
    [
      entries('id: metrics, settings: {}'),
      'tenants[0].id must be none of health, ready, metrics, tenants, docs, assets, gpus, session, which are paths of the gateway, got "metrics" (line 2)',
    ],
    [entries('id: a'), 'tenants[0] must have config (a file) or settings (written here), got neither (line 2)'],
    [
      entries('id: a, config: a.yaml, settings: {}'),
      'tenants[0] must have config (a file) or settings (written here), got both (line 2)',
    ],
    [
      entries('id: a, settings: {}', 'id: a, settings: {}'),
      'tenants[1].id must be unique, got "a" again (tenants[0]) (line 3)',
    ],
    [
      entries('id: a, settings: {}, port: 81', 'id: b, settings: {}, port: 81'),
      'tenants[1].port must be unique, got 81 again (tenants[0]) (line 3)',
    ],
    [entries('id: a, settings: {}, port: 8080'), "tenants[0].port must not be the gateway's own, got 8080 (line 2)"],
    [
      `cameras: [{ id: a, url: "test:" }]\n${entries('id: a, settings: {}')}`,
      'cameras stands beside tenants, and belongs to one of them: write it in its settings (line 1)',
    ],
    [
      entries('id: a, settings: {}, device: gpu'),
      'tenants[0].device must be cpu, { gpu: 0 }, { mig: MIG-<uuid> } or { mig: 1g.5gb, index: 0 }, got "gpu" (line 2)',
    ],
    [
      entries('id: a, settings: {}, device: { mig: MIG-1 }'),
      'tenants[0].device must be cpu, { gpu: 0 }, { mig: MIG-<uuid> } or { mig: 1g.5gb, index: 0 }, got a mapping (line 2)',
    ],
    [
      entries('id: a, settings: {}, device: { gpu: 0 }', 'id: b, settings: {}, device: { gpu: 0 }, shared: true'),
      'tenants[1].device is GPU 0, which "a" has already; if "a" and "b" are to share it, both need shared: true (line 3)',
    ],
    [
      entries('id: a, settings: {}, device: { mig: 1g.5gb }', 'id: b, settings: {}, device: { mig: 1g.5gb, index: 0 }'),
      'tenants[1].device is slice 1g.5gb number 0, which "a" has already; if "a" and "b" are to share it, both need shared: true (line 3)',
    ],
    [
      entries(
        `id: a, settings: {}, device: { mig: ${uuid} }`,
        `id: b, settings: {}, device: { mig: ${uuid.toUpperCase()} }`,
      ).replaceAll('MIG-C', 'MIG-c'),
      /is MIG-.*, which "a" has already/,
    ],
    [
      entries('id: a, settings: {}, limits: { cpus: all }'),
      'tenants[0].limits.cpus must be processors like "0,2-3", got "all" (line 2)',
    ],
    [
      entries('id: a, settings: {}, limits: { memory: 5 MB }'),
      'tenants[0].limits.memory must be between 128 MiB and 64 TiB, got "5 MB" (line 2)',
    ],
    [
      entries('id: a, settings: {}, limits: { ram: 5 }'),
      /^tenants\[0\]\.limits\.ram is not a setting; known here: cpus, cpuShare, memory/,
    ],
    [
      entries('id: a, settings: { gallery: { keyFile: k } }', 'id: b, settings: { gallery: { keyFile: ./k } }'),
      /^gallery\.keyFile of tenant "b" is .*k, which is "a"'s already: each needs its own$/,
    ],
  ])('are refused: %s', (yaml, message) => {
    const said = problemOf(yaml);
    if (typeof message === 'string') expect(said).toBe(message);
    else expect(said).toMatch(message);
  });

  it.each([
    'device: { gpu: 0 }',
    `device: { mig: ${uuid} }`,
    'device: { mig: MIG-GPU-c6a2b9f1-0000-4000-8000-00000000000a/3/0 }',
    'device: { mig: 1g.10gb+me, index: 6 }',
    'device: cpu',
  ])('may have %s, and share it where both say so', (device) => {
    expect(
      load(entries(`id: a, settings: {}, shared: true, ${device}`, `id: b, settings: {}, shared: true, ${device}`)),
    ).toHaveLength(2);
  });

  it('without a device are told that they see those of others', () => {
    const warningsOf = (...lines: string[]) => load(entries(...lines)).map(({ warnings }) => warnings);
    expect(
      warningsOf('id: a, settings: {}, device: { gpu: 0 }', 'id: b, settings: {}', 'id: c, settings: {}, device: cpu'),
    ).toEqual([
      [],
      ['tenant "b" has no device and sees every GPU, also that of "a"; write device: cpu, or one of its own'],
      [],
    ]);
    expect(warningsOf('id: a, settings: {}', 'id: b, settings: {}, device: cpu')).toEqual([[], []]);
  });

  it.each([
    [
      'dataDir: x',
      'dataDir may not stand in the settings of a tenant: each tenant has tenants/<id> in the data folder of the gateway (line 2)',
    ],
    [
      'server: { port: 1 }',
      'server.port may not stand in the settings of a tenant: write tenants[].port in the gateway’s file for a port of its own (line 2)',
    ],
    [
      'server: { trustedProxies: [10.0.0.1] }',
      'server.trustedProxies may not stand in the settings of a tenant: the gateway hears the proxies; write them in the gateway’s file (line 2)',
    ],
    ['tenants: []', 'tenants may not stand in the settings of a tenant: a tenant has none of its own (line 2)'],
    ['cameras: [{ id: a, url: "test:", fps: 0 }]', 'cameras[0].fps must be between 1 and 60, got 0 (line 2)'],
    [
      'models: { detector: { device: "cuda:1" } }',
      'models.detector.device is not the device of the tenant (GPU 0), got "cuda:1" (line 2)',
    ],
    [
      `models: { embedder: { device: ${uuid} } }`,
      `models.embedder.device is not the device of the tenant (GPU 0), got "${uuid}" (line 2)`,
    ],
  ])('with wrong settings of their own leave the others theirs: %s', (inline, message) => {
    const [wrong, right] = load(entries(`id: a, settings: { ${inline} }, device: { gpu: 0 }`, 'id: b, settings: {}'));
    expect(wrong?.settings).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `tenant "a" (tenants[0].settings):\n  ${message}`,
    });
    expect(right?.settings).toMatchObject({ cameras: [] });
  });

  it('lack a secret each by itself: the others have their settings', () => {
    const [a, b] = load(
      entries('id: a, settings: { keys: [{ name: a, key: "${NOWHERE}", scopes: [read] }] }', 'id: b, settings: {}'),
    );
    expect(a?.settings).toMatchObject({
      code: 'CONFIG_SECRET_MISSING',
      message:
        'tenant "a" (tenants[0].settings):\n  keys[0].key needs the environment variable NOWHERE, which is not set (line 2)',
    });
    expect(b?.settings).toMatchObject({ cameras: [] });
  });

  it('whose file is not there have that to say', () => {
    const [gone] = load(entries('id: a, config: gone.yaml'));
    expect(gone?.settings).toMatchObject({ code: 'CONFIG_NOT_FOUND', message: expect.stringContaining('gone.yaml') });
  });
});
