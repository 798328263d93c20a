// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what one writes in the file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { environmentValue } from '../../config/environment-value.ts';
import { loadSettings } from '../../config/load-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-environment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('what the environment says a name is', () => {
  const key = file('key', 'from the file\n');

  it.each<[string, Record<string, string>, string | undefined]>([
    ['its value', { KEY: 'plain' }, 'plain'],
    ['what the file holds, without the line break at its end', { KEY_FILE: key }, 'from the file'],
    ['the same without the carriage return', { KEY_FILE: file('dos', 'a\r\n') }, 'a'],
    ['all else of the file', { KEY_FILE: file('odd', ' a \n\n') }, ' a \n'],
    ['its value where both are set', { KEY: 'plain', KEY_FILE: key }, 'plain'],
    ['the file where the variable is empty', { KEY: '', KEY_FILE: key }, 'from the file'],
    ['nothing where neither is set', {}, undefined],
    ['nothing where both are empty', { KEY: '', KEY_FILE: '' }, undefined],
    ['nothing where the file is empty', { KEY_FILE: file('empty', '\n') }, undefined],
  ])('is %s', (_, env, expected) => {
    expect(environmentValue(env, 'KEY')).toBe(expected);
  });

  it.each([
    ['is not there', () => join(folder, 'missing'), 'which cannot be read (ENOENT)'],
    ['is a folder', () => mkdtempSync(join(folder, 'sub-')), '(EISDIR)'],
    ['is too large', () => file('large', Buffer.alloc(65_537)), 'which is larger than 65536 bytes'],
  ])('is an error that names variable and file where the file %s', (_, path, why) => {
    const at = path();
    expect(() => environmentValue({ KEY_FILE: at }, 'KEY')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_SECRET_MISSING',
        message: expect.stringMatching(new RegExp(`^KEY_FILE names ${at}, .*${why.replace(/[()]/g, '\\$&')}`)),
      }),
    );
  });

  it('is what stands for a name in the settings', () => {
    const settings = file('facegate.yaml', 'keys: [{ name: operator, key: "${ADMIN_KEY}", scopes: [admin] }]\n');
    const env = { ADMIN_KEY_FILE: file('admin', 'a-key-of-twenty-four-characters\n') };
    expect(loadSettings({ file: settings, env }).settings.keys[0]?.key).toBe('a-key-of-twenty-four-characters');
  });
});
