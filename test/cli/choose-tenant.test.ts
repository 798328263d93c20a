import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentFor } from '../../cli/commands/choose-tenant.ts';
import type { CommandContext } from '../../cli/commands/command-context.ts';
import { onlyTenant } from '../../cli/commands/only-tenant.ts';
import { commandLine } from '../../cli/commands/program.ts';
import { readFileSettings, readSettings, type SettingsOptions } from '../../cli/commands/settings-options.ts';
import { openKeyStore } from '../../server/callers/key-store.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const GATE = 'gate-key-0123456789abcdefghij';
let folder: string;
let printed: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-choose-tenant-'));
  printed = [];
  const yaml = (name: string, text: string) => writeFileSync(join(folder, name), text);
  yaml(
    'several.yaml',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what one types.
    'dataDir: kept\nffmpeg: /opt/ffmpeg\nkeys: [{ name: boss, key: "${GATE_KEY}", scopes: [admin] }]\ntenants:\n' +
      '  - { id: attendance, config: attendance.yaml, device: cpu }\n' +
      '  - { id: access, settings: { cameras: [{ id: gate, url: "test:" }] } }\n' +
      '  - { id: batch, settings: { camras: [] } }\n',
  );
  yaml('attendance.yaml', 'cameras: [{ id: hall, url: "test:" }]\ngallery: { keyFile: own.key }\n');
  yaml('one.yaml', 'dataDir: kept\ntenants: [{ id: only, settings: {} }]\n');
  yaml('none.yaml', 'cameras: []\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function context(): CommandContext {
  const terminal = {
    print: (line: string) => printed.push(line),
    note: () => {},
    progress: () => {},
    status: () => {},
    table: (rows: readonly (readonly string[])[]) => printed.push(...rows.map((row) => row.join(' '))),
  };
  return { env: { GATE_KEY: GATE, FACEGATE_GALLERY_KEY: KEY, PATH: '/bin' }, terminal, version: '0.0.0' };
}
const read = (config: string | null, options: SettingsOptions = {}) =>
  readSettings({ ...options, ...(config !== null && { config: join(folder, config) }) }, context());

describe('a command beside a file with several tenants', () => {
  it('works with the settings and the folder of the one that is named, and the models of all', () => {
    expect(read('several.yaml', { tenant: 'attendance' })).toMatchObject({
      settings: { cameras: [{ id: 'hall' }], keys: [], ffmpeg: '/opt/ffmpeg' },
      file: join(folder, 'attendance.yaml'),
      dataDir: join(folder, 'kept/tenants/attendance'),
      modelsDir: join(folder, 'kept/models'),
    });
    expect(read('several.yaml', { tenant: 'access' }).settings.cameras).toMatchObject([{ id: 'gate' }]);
  });

  it('does not open their galleries with the key of the environment, which would be one for all', () => {
    expect(read('several.yaml', { tenant: 'access' }).galleryKey).toBeUndefined();
    expect(read('one.yaml').galleryKey).toBe(KEY);
    expect(read('none.yaml').galleryKey).toBe(KEY);
  });

  it('lets networks see the device of that tenant only', async () => {
    const seen = (tenant: string) => environmentFor(read('several.yaml', { tenant }), { CUDA_VISIBLE_DEVICES: '3' });
    expect(await seen('attendance')).toMatchObject({ CUDA_VISIBLE_DEVICES: '' });
    expect(await seen('access')).toEqual({ CUDA_VISIBLE_DEVICES: '3' });
  });

  it.each<[string | null, string | undefined, string]>([
    ['several.yaml', undefined, 'several.yaml has several tenants; name one with --tenant: attendance, access, batch'],
    ['several.yaml', 'acces', 'must be one of attendance, access, batch, got "acces"; did you mean "access"?'],
    ['several.yaml', '../access', 'must be one of attendance, access, batch, got "../access"'],
    ['several.yaml', 'batch', 'tenant "batch" ('],
    ['one.yaml', 'access', '--tenant must be one of only, got "access"'],
    ['none.yaml', 'access', 'there is no tenant "access": '],
    [null, 'access', 'there is no tenant "access": no configuration file was named (--config FILE)'],
  ])('refuses %s with %s', (config, tenant, message) => {
    expect(() => read(config, tenant === undefined ? {} : { tenant })).toThrow(message);
  });

  it.each([
    ['one.yaml', undefined, 'kept/tenants/only'],
    ['one.yaml', 'only', 'kept/tenants/only'],
    ['none.yaml', undefined, 'data'],
    ['none.yaml', 'default', 'data'],
  ])('needs none named with %s, and takes %s', (config, tenant, dataDir) => {
    expect(read(config, tenant === undefined ? {} : { tenant }).dataDir).toBe(join(folder, dataDir));
  });

  it('makes a key where that tenant finds it, and writes that down there', async () => {
    const command = ['keys', 'create', 'boss', '--scope', 'admin', '-c', join(folder, 'several.yaml')];
    await expect(commandLine(context()).parseAsync(command, { from: 'user' })).rejects.toThrow(
      'name one with --tenant',
    );
    printed.length = 0;
    await commandLine(context()).parseAsync([...command, '--tenant', 'access'], { from: 'user' });
    const dataDir = join(folder, 'kept/tenants/access');
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    const clock = new VirtualClock();
    const keys = openKeyStore({ file: join(dataDir, 'keys.db'), configured: [], clock, log: recordedLog() });
    const audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock });
    expect(keys.find(printed[0] ?? '')).toMatchObject({ name: 'boss' });
    expect(audit.read({ after: 0, limit: 9 })).toMatchObject([{ action: 'key.created' }]);
    keys.close();
    audit.close();
  });

  it('says that keys of a gateway open nothing where there is none', async () => {
    const { loaded, ...rest } = readFileSettings({ config: join(folder, 'one.yaml') }, context());
    const settings = { ...rest.settings, keys: [{ name: 'boss', key: GATE, scopes: ['admin' as const] }] };
    const log = recordedLog();
    const again = () => read('one.yaml');
    await onlyTenant({ ...rest, loaded, settings }, { again, env: {}, log });
    expect(log.lines.map(({ message }) => message)).toEqual([
      'keys of the gateway open nothing where there is none: those of tenant "only" do',
    ]);
  });

  it('shows weights without a name, since all have the same', async () => {
    printed.length = 0;
    await commandLine(context()).parseAsync(['models', 'list', '-c', join(folder, 'several.yaml')], { from: 'user' });
    expect(printed[0]).toMatch(/^NAME TASK/);
  });

  it('writes no threshold into settings that stand in the gateway’s file', async () => {
    const command = ['gallery', 'calibrate', '--write', '--tenant', 'access', '-c', join(folder, 'several.yaml')];
    await expect(commandLine(context()).parseAsync(command, { from: 'user' })).rejects.toThrow(
      /--write needs a file of the tenant's own: the settings of "access" stand in .*several\.yaml/,
    );
  });
});

describe('--tenant', () => {
  /** Those that work on all of them, or on none. */
  const WITHOUT = ['serve', 'tenants list', 'tenants restart', 'gpu list', 'gpu plan'];

  it('is an option of every command that reads settings of one facegate', () => {
    const leaves = (command: Command, path: string[]): [string, string[]][] =>
      command.commands.length > 0
        ? command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
        : [[path.join(' '), command.options.map(({ long }) => long ?? '')]];
    const reading = leaves(commandLine(context()), []).filter(([, options]) => options.includes('--config'));
    expect(reading.length).toBeGreaterThan(20);
    const without = reading.filter(([, options]) => !options.includes('--tenant')).map(([path]) => path);
    expect(without.sort()).toEqual(WITHOUT.sort());
  });
});
