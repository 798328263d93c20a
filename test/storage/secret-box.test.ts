import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretBox } from '../../storage/secret-box.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-secret-'));
  file = join(folder, 'data', 'cameras.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a secret box', () => {
  it('gives back what was sealed, also to the next process', () => {
    const sealed = new SecretBox(file).seal('rtsp://user:hunter2@cam/ ü', 'camera front');
    expect(sealed.includes('hunter2')).toBe(false);
    expect(new SecretBox(file).open(sealed, 'camera front')).toBe('rtsp://user:hunter2@cam/ ü');
  });

  it('seals the same text differently each time', () => {
    const box = new SecretBox(file);
    expect(box.seal('a', 'x').equals(box.seal('a', 'x'))).toBe(false);
  });

  it('makes its key on first use, for its owner only', () => {
    const box = new SecretBox(file);
    expect(existsSync(file)).toBe(false);
    box.seal('a', 'x');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file)).toHaveLength(32);
  });

  it('takes other people’s right to read the key away', () => {
    const sealed = new SecretBox(file).seal('a', 'x');
    chmodSync(file, 0o644);
    expect(new SecretBox(file).open(sealed, 'x')).toBe('a');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('opens nothing for another context', () => {
    const box = new SecretBox(file);
    const sealed = box.seal('a', 'camera front');
    expect(() => box.open(sealed, 'camera yard')).toThrow(/does not open camera yard/);
  });

  it.each([0, 1, 13, 29])('opens nothing when byte %i was changed', (at) => {
    const box = new SecretBox(file);
    const sealed = box.seal('a', 'x');
    sealed[at]! ^= 1;
    expect(() => box.open(sealed, 'x')).toThrow(/does not open x/);
  });

  it.each([0, 1, 28])('opens nothing that was cut to %i bytes', (length) => {
    const box = new SecretBox(file);
    expect(() => box.open(box.seal('a', 'x').subarray(0, length), 'x')).toThrow(/does not open x/);
  });

  it('opens nothing with another key, nor without one, and makes none for that', () => {
    const sealed = new SecretBox(file).seal('a', 'x');
    rmSync(file);
    expect(() => new SecretBox(file).open(sealed, 'x')).toThrow(/is missing/);
    expect(existsSync(file)).toBe(false);
    new SecretBox(file).seal('b', 'x');
    expect(() => new SecretBox(file).open(sealed, 'x')).toThrow(/does not open x/);
  });

  it('refuses a key file that is none, and leaves it alone', () => {
    new SecretBox(file).seal('a', 'x');
    writeFileSync(file, 'short');
    expect(() => new SecretBox(file).seal('a', 'x')).toThrow(/must have 32 bytes, got 5/);
    expect(readFileSync(file, 'utf8')).toBe('short');
  });
});
