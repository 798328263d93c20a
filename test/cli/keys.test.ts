import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openKeyStore } from '../../server/callers/key-store.ts';
import { openAuditLog } from '../../storage/audit-log.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-cli-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function keys(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, FACEGATE_HOME: join(folder, 'home') };
  return new Promise((done) => {
    execFile(process.execPath, [main, 'keys', ...args], { cwd: folder, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

describe('facegate keys', () => {
  it('makes keys, lists them and revokes them, and writes that down', async () => {
    const boss = await keys('create', 'boss', '--scope', 'admin');
    expect(boss).toMatchObject({ code: 0, out: expect.stringMatching(/^fg_[\w-]{43}\n$/) });
    const wall = await keys('create', 'wall', '--scope', 'read', '--scope', 'door', '--per-minute', '60');
    const store = openKeyStore({
      file: join(folder, 'home/keys.db'),
      configured: [],
      clock: systemClock,
      log: silentLog,
    });
    const found = store.find(wall.out.trim());
    expect(found).toMatchObject({ name: 'wall', scopes: ['read', 'door'], rateLimit: { perMinute: 60 } });

    const [table, json] = await Promise.all([keys('list'), keys('list', '--json')]);
    expect(table.out).toMatch(/^NAME +SCOPES +PER MINUTE +MADE +LAST USED +ID$/m);
    expect(table.out).toMatch(new RegExp(`^wall +read,door +60 +2\\S+Z +– +${found?.id}$`, 'm'));
    expect(JSON.parse(json.out)).toMatchObject([
      { name: 'boss', lastUsedAt: null },
      { name: 'wall', origin: 'stored' },
    ]);
    for (const { out, err } of [table, json]) {
      expect(out + err).not.toContain(wall.out.trim());
      expect(out + err).not.toContain(boss.out.trim());
    }

    expect(await keys('revoke', 'wall')).toMatchObject({ code: 0, err: 'the key of "wall" is revoked\n' });
    expect(store.find(wall.out.trim())).toBeNull();
    expect(await keys('revoke', 'boss')).toMatchObject({
      code: 1,
      err: expect.stringContaining('make another one first, or say --last'),
    });
    expect(store.find(boss.out.trim())).not.toBeNull();
    store.close();
    const audit = openAuditLog({ file: join(folder, 'home/audit.db'), clock: systemClock });
    const entries = audit.read({ after: 0, limit: 10 });
    audit.close();
    expect(entries.map(({ action, details }) => [action, details.name])).toEqual([
      ['key.created', 'boss'],
      ['key.created', 'wall'],
      ['key.revoked', 'wall'],
    ]);
    for (const { by } of entries) expect(by).toMatch(/^command line \(/);
    expect(JSON.stringify(entries)).not.toContain('fg_');
  }, 180_000);

  it('knows the keys of the settings', async () => {
    const file = join(folder, 'facegate.yaml');
    writeFileSync(file, `dataDir: other\nkeys: [{ name: desk, key: ${'k'.repeat(24)}, scopes: [admin] }]\n`);
    expect((await keys('list', '-c', file, '--data', join(folder, 'other'))).out).toMatch(
      /^desk +admin +– +in the settings/m,
    );
    const revoked = await keys('revoke', 'desk', '-c', file, '--data', join(folder, 'other'));
    expect(revoked).toMatchObject({ code: 1, err: expect.stringContaining('stands in the settings') });
  }, 180_000);

  it.each<[string[], number, string]>([
    [['create', 'x'], 2, '--scope is missing'],
    [['create', 'x', '--scope', 'enrol'], 2, '"enrol" is called "enroll" now'],
    [['create', 'x', '--scope', 'read', '--per-minute', '0'], 2, '--per-minute must be a whole number, 1 to 1000000'],
    [['revoke', 'nobody'], 1, 'there is no key with the id or name "nobody"; see facegate keys list'],
    [['create', 'x', '--scope', 'read'], 2, 'the first key must have the scope admin'],
  ])(
    'refuses %j',
    async (args, code, message) => {
      const ran = await keys(...args, '--data', join(folder, 'refused'));
      expect(ran.code).toBe(code);
      expect(ran.err).toContain(message);
      expect(ran.out).toBe('');
    },
    60_000,
  );
});
