import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../cli/commands/program.ts';
import { parseCommand } from '../support/our-command-line.ts';
import { requirement } from '../support/requirements.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as { name: string; bin: { facegate: string }; files: string[] };
/** The unit, and the name that stands in it for its files. */
const UNITS = [
  { unit: 'facegate.service', instance: 'facegate', settings: 'facegate', key: 'admin-key' },
  { unit: 'facegate@.service', instance: 'facegate-%i', settings: '%i', key: '%i-admin-key' },
];

function settingsOf(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, key = '', value = ''] of read(`deploy/systemd/${unit}`).matchAll(/^(\w+)=(.*)$/gm)) {
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}

describe.each(UNITS)('$unit', ({ unit, instance, settings, key }) => {
  const its = settingsOf(unit);
  const value = (name: string) => {
    expect(its.get(name), name).toHaveLength(1);
    return its.get(name)![0]!;
  };

  it('starts what the package brings, with a command line that is understood', async () => {
    const [node, script, ...args] = value('ExecStart').split(' ');
    expect(node).toBe('/usr/bin/node');
    expect(script).toBe(`/opt/facegate/node_modules/${manifest.name}/${manifest.bin.facegate}`);
    const { command, options } = await parseCommand(args);
    expect(command).toBe('serve');
    expect(options).toEqual({ config: `/etc/facegate/${settings}.yaml` });
    const documentation = value('Documentation').replace(`file:///opt/facegate/node_modules/${manifest.name}/`, '');
    expect(existsSync(join(root, documentation))).toBe(true);
    expect(manifest.files).toContain(documentation.split('/')[0]);
  });

  it('keeps its data where systemd makes a folder for it', () => {
    expect(its.get('Environment')).toContain(`FACEGATE_HOME=/var/lib/${value('StateDirectory')}`);
    for (const name of ['StateDirectory', 'LogsDirectory']) {
      expect(value(name)).toBe(instance);
      expect(value(`${name}Mode`)).toBe('0700');
    }
  });

  it('hands the key over as a credential', () => {
    expect(value('LoadCredential')).toBe(`admin-key:/etc/facegate/credentials/${key}`);
    expect(its.get('Environment')).toContain('FACEGATE_ADMIN_KEY_FILE=%d/admin-key');
  });

  it('never tries wrong settings again, and leaves time to end in order', () => {
    expect(value('RestartPreventExitStatus').split(' ').map(Number)).toEqual([EXIT.usage, EXIT.wrongSettings]);
    expect(value('Restart')).toBe('on-failure');
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(30);
    // The children are facegate's to end: their frames are finished first.
    expect(value('KillMode')).toBe('mixed');
  });

  it('leaves V8 and WebAssembly what they need', () => {
    expect(its.has('MemoryDenyWriteExecute')).toBe(false);
    expect(its.has('PrivateDevices')).toBe(false);
    expect(value('RestrictAddressFamilies').split(' ')).toEqual(['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK']);
  });
});

it('the unit for tenants has a part of the tree of cgroups, which that for an instance has not', () => {
  const [many, single] = UNITS.map(({ unit }) => settingsOf(unit));
  expect(many!.get('Delegate')).toEqual(['cpu cpuset memory pids']);
  expect(many!.has('ProtectControlGroups')).toBe(false);
  expect(single!.has('Delegate')).toBe(false);
  expect(single!.get('ProtectControlGroups')).toEqual(['yes']);
  expect(single!.has('MemoryMax')).toBe(true);
});

describe.skipIf(!requirement('systemd').met)('systemd-analyze', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-units-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const files = UNITS.map(({ unit }) => join(folder, unit.replace('@', '@attendance')));
  beforeAll(() => {
    // verify wants the program to be there: one of this machine stands for it.
    const program = join(folder, 'bin/node');
    mkdirSync(join(folder, 'bin'));
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
    UNITS.forEach(({ unit }, i) => {
      writeFileSync(
        files[i]!,
        read(`deploy/systemd/${unit}`).replace('ExecStart=/usr/bin/node', `ExecStart=${program}`),
      );
    });
  });
  /** What it says, on both streams; it throws where it ends with anything but 0. */
  const analyze = (...args: string[]) =>
    execFileSync('sh', ['-c', 'exec systemd-analyze "$@" 2>&1', 'sh', ...args], { encoding: 'utf8' });

  it('finds nothing wrong with the units', () => {
    for (const file of files) expect(analyze('verify', '--man=no', file)).toBe('');
  });

  it('would say so', () => {
    const wrong = join(folder, 'wrong.service');
    writeFileSync(wrong, readFileSync(files[0]!, 'utf8').replace('ProtectSystem=strict', 'ProtectSystm=strict'));
    expect(analyze('verify', '--man=no', wrong)).toContain('ProtectSystm');
  });

  it('finds them hardly exposed: below 2 of 10', () => {
    for (const file of files) {
      const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(
        analyze('security', '--offline=true', '--no-pager', '--threshold=20', file),
      )!;
      expect(Number(level)).toBeLessThan(2);
    }
  });
});
