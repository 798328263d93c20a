import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuditLog } from '../../storage/audit-log.ts';
import { backUp } from '../../storage/backup.ts';
import { makeKeyFile } from '../../storage/key-file.ts';
import { restore } from '../../storage/restore.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const SERVICE = 65_534;
const clock = new VirtualClock();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-owner-'));
  chownSync(folder, SERVICE, SERVICE);
});
afterEach(() => rmSync(folder, { recursive: true }));

const owner = (name: string) => statSync(join(folder, name)).uid;

describe.skipIf(process.geteuid?.() !== 0)('what root makes in the data folder of a service', () => {
  it("is the service's: the audit log and its head, also those that are written anew, and keys", () => {
    const log = openAuditLog({ file: join(folder, 'audit.db'), clock });
    log.record({ action: 'subject.created', by: 'x', subject: 'ada', details: {} });
    expect(['audit.db', 'audit.db-wal', 'audit.db-shm', 'audit.head'].map(owner)).toEqual(Array(4).fill(SERVICE));
    log.close();
    makeKeyFile(join(folder, 'gallery.key'));
    expect(owner('gallery.key')).toBe(SERVICE);
  });

  it("is the service's after a restore", async () => {
    const file = join(folder, 'backup');
    openAuditLog({ file: join(folder, 'audit.db'), clock }).close();
    writeFileSync(join(folder, 'gallery.key'), 'k'.repeat(32));
    await backUp({ dataDir: folder, file, version: '1', nowMs: 0, passphrase: 'correct horse' });
    for (const name of ['audit.db', 'audit.head', 'gallery.key']) rmSync(join(folder, name));
    await restore({ dataDir: folder, file, passphrase: async () => 'correct horse', nowMs: 0 });
    expect(['audit.db', 'audit.head', 'gallery.key'].map(owner)).toEqual(Array(3).fill(SERVICE));
  });
});
