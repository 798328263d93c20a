import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../cli/doctor/finding.ts';

const main = resolve(import.meta.dirname, '../../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'facegate-doctor-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function facegate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, FACEGATE_HOME: join(folder, 'home') };
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}
const config = (text: string) => {
  const file = join(folder, 'facegate.yaml');
  writeFileSync(file, text);
  return file;
};

describe('facegate doctor', () => {
  it('prints lines of 80 characters and no colours into a pipe', async () => {
    const { stdout, stderr } = await facegate('doctor', '--port', '0');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ok +Node +\d+\.\d+\.\d+/m);
    expect(stdout).toMatch(/^ok +provider cpu +self-test [\d.]+ ms/m);
    expect(stdout).toMatch(/\n\d+ wrong, \d+ warning, \d+ ok, \d+ not checked\n$/);
    expect(stdout).not.toContain('\u001b');
    const long = stdout.split('\n').filter((line) => line.length > 80);
    // Only what is to be copied in one piece, alone on its line.
    for (const line of long) expect(line.trim()).toMatch(/^\S+$/);
  });

  it('ends with 1 and names what is wrong with the settings, and looks at the machine all the same', async () => {
    const { code, stdout } = await facegate('doctor', '--json', '--port', '0', '-c', config('camras: []\n'));
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
    expect(code).toBe(1);
    expect(ok).toBe(false);
    expect(findings.filter(({ state }) => state === 'wrong')).toEqual([
      { check: 'settings', state: 'wrong', found: expect.stringContaining('camras'), todo: expect.any(String) },
    ]);
    expect(findings.map(({ check }) => check)).toContain('provider cpu');
  });

  it('looks at the gateway, then at each tenant, and says of each by its name what is wrong', async () => {
    const file = config(
      'server: { port: 0 }\ntenants:\n  - { id: attendance, device: cpu, settings: { models: { providers: [dml] } } }\n' +
        '  - { id: access, device: { gpu: 9 }, settings: {} }\n  - { id: batch, settings: { camras: [] } }\n',
    );
    const { code, stdout } = await facegate('doctor', '--json', '-c', file);
    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    expect(findings.filter(({ state }) => state === 'wrong').map(({ check, found }) => [check, found])).toEqual(
      expect.arrayContaining([
        ['attendance: provider dml', expect.stringContaining('does not run here')],
        ['access: device', expect.stringMatching(/nvidia-smi|GPU 9/)],
        ['batch: settings', expect.stringContaining('camras')],
      ]),
    );
    const of = (name: string) => findings.find(({ check }) => check === name)?.found;
    expect(of('attendance: data folder')).toContain(join('home', 'tenants', 'attendance'));
    expect(of('data folder')).not.toContain('tenants');
    // Once, although two tenants ask for neither.
    expect(findings.filter(({ check }) => check.endsWith('provider tensorrt'))).toHaveLength(1);
    const one = await facegate('doctor', '--json', '-c', file, '--port', '0', '--tenant', 'access');
    expect((JSON.parse(one.stdout) as { findings: Finding[] }).findings.map(({ check }) => check)).toContain('device');
  });

  it('ends with 1 where the settings ask for a provider that does not run here', async () => {
    const file = config('server: { port: 0 }\nmodels: { providers: [dml] }\n');
    const { code, stdout } = await facegate('doctor', '-c', file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^wrong +provider dml +does not run here: this build/m);
    expect(stdout.replace(/\s+/g, ' ')).toContain('→ it is there on Windows only; or set models.providers: auto');
  });
});

describe('facegate serve', () => {
  it('does not start where a provider is none, and names the setting', async () => {
    const { code, stderr } = await facegate('serve', '-c', config('models: { providers: [gpu] }\n'));
    expect(code).toBe(78);
    expect(stderr).toContain('models.providers[0] must be an execution provider (cpu, cuda');
  });
});
