import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { codeCache } from '../../config/code-cache.ts';

it('the folder of compiled code, and those above that are missing, are their owner’s alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-code-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const dataDir = join(folder, 'tenants', 'lobby');
  const umask = process.umask(0);
  try {
    expect(codeCache(dataDir)).toEqual({ NODE_COMPILE_CACHE: join(dataDir, 'code-cache') });
  } finally {
    process.umask(umask);
  }
  for (const made of [join(folder, 'tenants'), dataDir, join(dataDir, 'code-cache')]) {
    expect(statSync(made).mode & 0o777).toBe(0o700);
  }
});

it('one that others may write to is closed to them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-code-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'code-cache'));
  chmodSync(join(folder, 'code-cache'), 0o777);
  codeCache(folder);
  expect(statSync(join(folder, 'code-cache')).mode & 0o777).toBe(0o700);
});

it('a link to elsewhere is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-code-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'code-cache'));
  expect(codeCache(folder)).toEqual({});
});

it('there is none where it cannot be made', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-code-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'data'), '');
  expect(codeCache(join(folder, 'data'))).toEqual({});
});
