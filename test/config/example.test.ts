import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSettings } from '../../config/load-settings.ts';
import { settingsReference } from '../../config/settings-reference.ts';

const example = fileURLToPath(new URL('../../config/facegate.example.yaml', import.meta.url));
const text = readFileSync(example, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'facegate-example-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('config/facegate.example.yaml', () => {
  it('is a valid configuration without a warning', () => {
    const { settings, warnings } = loadSettings({ file: example, env: { FRONT_PASSWORD: 'p@ss/word' } });
    expect(settings.cameras.map(({ id, url }) => [id, url])).toEqual([
      ['front', 'rtsp://facegate:p%40ss%2Fword@10.0.0.5:554/stream1'],
      ['desk', 'webcam:/dev/video0'],
    ]);
    expect(settings.doors).toMatchObject([{ id: 'lobby', maxAge: 500, confirm: { matches: 3, within: 1500 } }]);
    expect(settings.models.detector).toMatchObject({ preset: 'access-control', nms: 0.4 });
    expect(warnings).toEqual([]);
  });

  it('says what is missing where somebody forgot the password', () => {
    expect(() => loadSettings({ file: example, env: {} })).toThrow(
      /^cameras\[0\]\.url needs the environment variable FRONT_PASSWORD, which is not set \(line \d+\)$/,
    );
  });

  it('is valid too with everything in use that is commented out', () => {
    const file = join(folder, 'all.yaml');
    writeFileSync(file, text.replace(/^( *)#(?=[\w-])/gm, '$1'));
    const env = { FRONT_PASSWORD: 'x', FACEGATE_ADMIN_KEY: 'k'.repeat(24), HOOK_SECRET: 'whsec_x', MQTT_PASSWORD: 'x' };
    const { settings } = loadSettings({ file, env });
    expect(settings.keys).toEqual([
      { name: 'operator', key: 'k'.repeat(24), scopes: ['admin'], rateLimit: { perMinute: 600 } },
    ]);
    expect(settings.cameras).toHaveLength(4);
    expect(settings.server.tls?.cert).toBe(join(folder, 'tls/facegate.crt'));
  });

  it('shows every setting there is', () => {
    const names = settingsReference().map(({ key }) => key.replace(/\[\]$/, '').split('.').at(-1) as string);
    const missing = names.filter((name) => !new RegExp(`(^|[\\s#{])${name}:`, 'm').test(text));
    expect(names.length).toBeGreaterThan(40);
    expect(missing).toEqual([]);
  });
});
