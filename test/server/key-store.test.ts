import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../config/settings-schema.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { type KeyStore, openKeyStore } from '../../server/callers/key-store.ts';
import { eventually } from '../support/eventually.ts';
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

const clock = new VirtualClock();

function open(configured: Settings['keys'] = []): KeyStore {
  const store = openKeyStore({ file, configured, clock, log: silentLog });
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
    expect(store.find(first.key)).toEqual({
      id: first.id,
      name: 'admin',
      scopes: ['admin'],
      origin: 'stored',
      rateLimit: null,
    });
    expect(store.find(second.key)).toMatchObject({ id: second.id, name: 'wall', scopes: ['read'] });
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
    expect(store.get('config-0')).toMatchObject({ name: 'boot' });
    expect(() => store.revoke('config-0')).toThrow(expect.objectContaining({ code: 'KEY_CONFIGURED' }));
  });

  it('calls the scopes of keys that an older facegate made by their present names', () => {
    const { key } = open().create({ name: 'old', scopes: ['admin'] });
    opened.pop()?.close();
    const before = new DatabaseSync(file);
    before.exec(`
      UPDATE keys SET scopes = '["analyse","enrol","read"]';
      ALTER TABLE keys DROP COLUMN rate_per_minute;
      ALTER TABLE keys DROP COLUMN last_used_at_ms;
      DELETE FROM migrations WHERE number > 1;
    `);
    before.close();
    expect(open().find(key)).toMatchObject({ name: 'old', scopes: ['recognize', 'enroll', 'read'] });
  });

  it('forgets a revoked key at once, also one that another process revoked', () => {
    const [server, commandLine] = [open(CONFIGURED), open(CONFIGURED)];
    const { id, key } = commandLine.create({ name: 'guest', scopes: ['read'] });
    expect(server.find(key)).not.toBeNull();
    expect(commandLine.revoke(id)).toMatchObject({ id, name: 'guest' });
    expect([server.find(key), server.get(id)]).toEqual([null, null]);
    expect(() => server.revoke(id)).toThrow(expect.objectContaining({ code: 'KEY_NOT_FOUND' }));
  });

  it('says so when keys were made or revoked, by this process at once, by another one within a second', async () => {
    const [server, commandLine] = [open(CONFIGURED), open(CONFIGURED)];
    let told = 0;
    const stop = server.onChange(() => {
      told += 1;
    });
    server.create({ name: 'own', scopes: ['read'] });
    expect(told).toBe(1);
    const { id } = commandLine.create({ name: 'guest', scopes: ['read'] });
    await eventually('word of the key', () => told === 2);
    commandLine.revoke(id);
    await eventually('word of its end', () => told === 3);
    stop();
    server.create({ name: 'another', scopes: ['read'] });
    expect(told).toBe(3);
  });

  it('keeps the last key that may do everything, unless asked not to', () => {
    const store = open();
    const { id } = store.createAdminKey();
    const reader = store.create({ name: 'wall', scopes: ['read'] });
    expect(() => store.revoke(id)).toThrow(expect.objectContaining({ code: 'KEY_LAST_ADMIN' }));
    expect(store.get(id)).not.toBeNull();
    const second = store.create({ name: 'second', scopes: ['read', 'admin'] });
    store.revoke(id);
    store.revoke(reader.id);
    expect(() => store.revoke(second.id)).toThrow(expect.objectContaining({ code: 'KEY_LAST_ADMIN' }));
    store.revoke(second.id, { evenLast: true });
    expect(store.isEmpty).toBe(true);
  });

  it('makes no first key that cannot make another one', () => {
    const store = open();
    expect(() => store.create({ name: 'wall', scopes: ['read', 'door'] })).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID', message: expect.stringContaining('scopes must name admin') }),
    );
    expect(store.isEmpty).toBe(true);
  });

  it.each([
    ['boot', 'the settings have'],
    [' BOOT ', 'the settings have in another case'],
    ['ｂｏｏｔ', 'the settings have in another width'],
  ])('gives no name twice: %j, which %s', (name) => {
    const store = open(CONFIGURED);
    expect(() => store.create({ name, scopes: ['read'] })).toThrow(expect.objectContaining({ code: 'KEY_EXISTS' }));
    expect(store.list()).toHaveLength(1);
  });

  it.each([
    ['', 'got 0'],
    [' \t ', 'got 0'],
    ['x'.repeat(10_001), 'got 10001'],
    ['\u{1F600}'.repeat(101), 'got 101'],
    ['a\u202Eb', 'control characters'],
    ['a\r\nset-cookie: x', 'control characters'],
  ])('refuses the name %j', (name, message) => {
    const store = open(CONFIGURED);
    expect(() => store.create({ name, scopes: ['read'] })).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('keeps the limit of a key', () => {
    const { id } = open(CONFIGURED).create({ name: 'slow', scopes: ['read'], rateLimit: { perMinute: 7 } });
    expect(open(CONFIGURED).get(id)).toMatchObject({ rateLimit: { perMinute: 7 } });
  });

  it('writes when a key was last used once a minute, and reads it back after a restart', () => {
    const store = open(CONFIGURED);
    const { id } = store.create({ name: 'wall', scopes: ['read'] });
    const writes = new DatabaseSync(file);
    const version = () => Number(writes.prepare('PRAGMA data_version').get()?.data_version);
    const lastUsed = (of = store) => of.list().find((key) => key.id === id)?.lastUsedAtMs;
    expect(lastUsed()).toBeNull();
    const before = version();
    const firstMs = clock.wallMs();
    store.used(id);
    const afterFirst = version();
    expect(afterFirst).not.toBe(before);
    clock.advance(59_999);
    store.used(id);
    expect([version(), lastUsed()]).toEqual([afterFirst, firstMs]);
    clock.advance(1);
    store.used(id);
    expect(version()).not.toBe(afterFirst);
    expect([lastUsed(), lastUsed(open(CONFIGURED))]).toEqual([firstMs + 60_000, firstMs + 60_000]);
    writes.close();
  });

  it('knows of a key of the settings when it was used since the start', () => {
    const store = open(CONFIGURED);
    expect(store.list()).toMatchObject([{ origin: 'config', createdAtMs: null, lastUsedAtMs: null }]);
    store.used('config-0');
    expect(store.list()).toMatchObject([{ lastUsedAtMs: clock.wallMs() }]);
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
