import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyFromBase64, makeKeyFile, readKeyFile } from '../../storage/key-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-key-'));
  file = join(folder, 'a.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a key file', () => {
  it('is made whole, for its owner only, and leaves nothing else behind', () => {
    const key = makeKeyFile(file);
    expect(readKeyFile(file)?.equals(key)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.key']);
  });

  it('is never overwritten', () => {
    const key = makeKeyFile(file);
    expect(() => makeKeyFile(file)).toThrow(/could not be made: EEXIST/);
    expect(readFileSync(file).equals(key)).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.key']);
  });

  it('may hold base64, with or without the end of a line', () => {
    const key = Buffer.alloc(32, 7);
    for (const text of [key.toString('base64'), `${key.toString('base64')}\n`, key.toString('base64url')]) {
      writeFileSync(file, text);
      expect(readKeyFile(file)?.equals(key)).toBe(true);
    }
  });

  it.each([
    ['nothing', ''],
    ['31 bytes', 'x'.repeat(31)],
    ['base64 of 31 bytes', Buffer.alloc(31).toString('base64')],
    ['other text of that length', `${'!'.repeat(43)}=`],
  ])('is refused when it holds %s', (_, content) => {
    writeFileSync(file, content);
    expect(() => readKeyFile(file)).toThrow(/must have 32 bytes, got/);
    expect(keyFromBase64(content)).toBeNull();
  });

  it('is null where there is none', () => {
    expect(readKeyFile(file)).toBeNull();
  });
});
