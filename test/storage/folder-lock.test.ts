import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../storage/folder-lock.ts';

let folder: string;
let child: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-lock-'));
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = null;
  rmSync(folder, { recursive: true });
});

const IN_USE = { code: 'DATA_FOLDER_IN_USE' };

describe('the lock of a data folder', () => {
  it('is for one at a time, and free again when it is released, twice over', () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(expect.objectContaining(IN_USE));
    lock.release();
    lock.release();
    const next = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`process ${process.pid} on ${hostname()}, since `);
    next.release();
  });

  it('of another process names it, and is gone the moment that one is killed', async () => {
    const program = fileURLToPath(new URL('../support/open-database.ts', import.meta.url));
    child = spawn(process.execPath, [program, 'lock', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
    expect(() => lockFolder(folder)).toThrow(
      `the data folder ${folder} is in use: facegate runs on it already (process ${child.pid} on ${hostname()}, since `,
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockFolder(folder).release();
  });

  it('is not lost by a second attempt of the same process', async () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(expect.objectContaining(IN_USE));
    const program = fileURLToPath(new URL('../support/open-database.ts', import.meta.url));
    child = spawn(process.execPath, [program, 'lock', folder], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([1, null]);
    lock.release();
  });

  it('makes the folder', () => {
    lockFolder(join(folder, 'new')).release();
  });

  it('that cannot be made is an error of another kind', () => {
    writeFileSync(join(folder, 'server.lock'), 'no database'.repeat(500));
    expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
