import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DETECTOR_PRESETS } from '../../config/presets.ts';
import { type SettingReference, settingsReference } from '../../config/settings-reference.ts';
import { settingsSchema } from '../../config/settings-schema.ts';

const doc = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

function row({ key, accepts, defaultValue, required, description }: SettingReference): string {
  const standard = required ? 'required' : defaultValue === null ? '' : `\`${defaultValue}\``;
  return `| \`${key}\` | ${accepts} | ${standard} | ${description} |`;
}

const expected = settingsReference().map(row);
const written = doc
  .slice(doc.indexOf('## All settings'))
  .split('\n')
  .filter((line) => /^\| `[\w.[\]]+` \|.*\|.*\|.*\|$/.test(line));

describe('docs/configuration.md', () => {
  it('has a row for every setting, with its range, default and meaning', () => {
    const missing = expected.filter((line) => !written.includes(line));
    expect(missing, `paste these rows:\n${missing.join('\n')}`).toEqual([]);
  });

  it('has no row for what is not a setting, and none twice', () => {
    const stale = written.filter((line, i) => !expected.includes(line) || written.indexOf(line) !== i);
    expect(stale, `take these rows out:\n${stale.join('\n')}`).toEqual([]);
  });

  it('has the presets as they are', () => {
    for (const [name, { nms }] of Object.entries(DETECTOR_PRESETS)) {
      expect(doc).toContain(`| \`${name}\` | ${nms} |`);
    }
  });
});

describe('settingsReference', () => {
  it('explains every setting, and names the defaults that the schema uses', () => {
    const settings = settingsSchema.parse({ cameras: [{ id: 'a', url: 'file:x' }] });
    const defaults = new Map(settingsReference().map(({ key, defaultValue }) => [key, defaultValue]));
    expect(settingsReference().filter(({ description }) => description === '')).toEqual([]);
    expect(Number(defaults.get('server.port'))).toBe(settings.server.port);
    expect(Number(defaults.get('cameras[].fps'))).toBe(settings.cameras[0]?.fps);
    expect(defaults.get('cameras[].timeout')).toBe('5s');
    expect(settings.cameras[0]?.timeout).toBe(5000);
    expect(defaults.get('models.detector.model')).toBe(settings.models.detector.model);
  });

  it('says what each one accepts', () => {
    const accepts = new Map(settingsReference().map((setting) => [setting.key, setting.accepts]));
    expect(accepts.get('cameras[].fps')).toBe('1 to 60');
    expect(accepts.get('doors[].maxAge')).toBe('50ms to 10s');
    expect(accepts.get('cameras[].transport')).toBe('`tcp`, `udp`');
    expect(accepts.get('models.detector.inputSize')).toBe('128 to 2048, a multiple of 32');
    expect([...accepts.values()].join()).not.toMatch(/undefined|null/);
  });
});
