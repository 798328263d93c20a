import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../config/settings-schema.ts';
import { type KeyStore, openKeyStore } from '../../server/callers/key-store.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let folder: string;
let file: string;
const opened: KeyStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-keys-'));
  file = join(folder, 'data', 'keys.db');
});
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

function open(configured: Settings['keys'] = []): KeyStore {
  const store = openKeyStore({ file, configured, clock: new VirtualClock() });
  opened.push(store);
  return store;
}
const CONFIGURED: Settings['keys'] = [{ name: 'boot', key: 'configured-key-0123456789', scopes: ['admin'] }];

describe('the key store', () => {
  it('is empty until there is a key', () => {
    const store = open();
    expect([store.isEmpty, store.list(), store.find('')]).toEqual([true, [], null]);
    store.createAdminKey();
    expect(store.isEmpty).toBe(false);
  });

  it('makes keys of 256 random bits that only their owner knows', () => {
    const store = open();
    const first = store.createAdminKey();
    const second = store.create({ name: 'wall', scopes: ['read'] });
    expect(first.key).toMatch(/^fg_[\w-]{43}$/);
    expect(second.key).not.toBe(first.key);
    expect(store.find(first.key)).toEqual({ id: first.id, name: 'admin', scopes: ['admin'], origin: 'stored' });
    expect(store.find(second.key)).toEqual({ id: second.id, name: 'wall', scopes: ['read'], origin: 'stored' });
    expect(store.find(`${first.key} `)).toBeNull();
    const bytes = [file, `${file}-wal`].map((path) => readFileSync(path).toString('latin1')).join('');
    expect(bytes).toContain('wall');
    expect(bytes).not.toContain(first.key);
    expect(bytes).not.toContain(first.key.slice(3));
  });

  it('may be read by its owner only, also when it was there before', () => {
    open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'data')).mode & 0o077).toBe(0);
    opened.pop()?.close();
    const other = join(folder, 'loose.db');
    writeFileSync(other, '', { mode: 0o644 });
    file = other;
    open();
    expect(statSync(other).mode & 0o777).toBe(0o600);
  });

  it('keeps what it made, and nothing of the settings', () => {
    const { key } = open(CONFIGURED).create({ name: 'wall', scopes: ['read', 'enroll'] });
    opened.pop()?.close();
    const again = open();
    expect(again.find(key)).toMatchObject({ name: 'wall', scopes: ['read', 'enroll'] });
    expect(again.find('configured-key-0123456789')).toBeNull();
  });

  it('knows the keys of the settings as long as they stand there', () => {
    const store = open(CONFIGURED);
    expect(store.isEmpty).toBe(false);
    expect(store.find('configured-key-0123456789')).toMatchObject({ name: 'boot', origin: 'config' });
    expect(store.has('config-0')).toBe(true);
    expect(store.revoke('config-0')).toBe(false);
  });

  it('calls the scopes of keys that an older facegate made by their present names', () => {
    const { key } = open().create({ name: 'old', scopes: ['read'] });
    opened.pop()?.close();
    const before = new DatabaseSync(file);
    before.exec(`UPDATE keys SET scopes = '["analyse","enrol"]'; DELETE FROM migrations WHERE number > 1`);
    before.close();
    expect(open().find(key)).toMatchObject({ name: 'old', scopes: ['recognize', 'enroll'] });
  });

  it('forgets a revoked key at once, also one that another process revoked', () => {
    const [server, commandLine] = [open(), open()];
    const { id, key } = commandLine.create({ name: 'guest', scopes: ['read'] });
    expect(server.find(key)).not.toBeNull();
    expect(commandLine.revoke(id)).toBe(true);
    expect([server.find(key), server.has(id), server.revoke(id)]).toEqual([null, false, false]);
  });

  it('names the file that cannot be opened', () => {
    file = join(folder, 'junk.db');
    writeFileSync(file, 'this is no database, but long enough to be read as one'.repeat(100));
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(file) }),
    );
  });

  it('closes twice', () => {
    const store = open();
    store.close();
    store.close();
  });
});
