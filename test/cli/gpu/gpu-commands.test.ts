import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES } from '../../tenants/gpu/machines.ts';

const main = resolve(import.meta.dirname, '../../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'facegate-gpu-command-'));
const config = join(folder, 'facegate.yaml');
beforeAll(() => {
  writeFileSync(
    config,
    `tenants:
  - { id: attendance, device: { mig: 1g.5gb, index: 0 }, settings: { models: { embedder: { model: curricularface-ir101-512d } } } }
  - { id: access, device: { mig: 1g.5gb, index: 1 }, settings: {} }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function gpu(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder };
  return new Promise((done) => {
    execFile(process.execPath, [main, 'gpu', ...args], { cwd: folder, env, timeout: 60_000 }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}
const saved = (name: string) => ['--from', `${FIXTURES}${name}`];

describe('facegate gpu', () => {
  it('list: the tenants beside their slices, as a table and as JSON', async () => {
    const [table, json] = await Promise.all([
      gpu('list', '-c', config, ...saved('a100-40-slices')),
      gpu('list', '--json', '-c', config, ...saved('a100-40-slices')),
    ]);
    expect(table).toMatchObject({ code: 0, err: '' });
    expect(table.out).toMatch(/^ {2}1 +1g\.5gb .* MIG-9531985d-\S+ {2}attendance$/m);
    expect(JSON.parse(json.out)).toMatchObject({
      driver: '535.129.03',
      gpus: [
        {
          mig: 'on',
          tenants: [],
          slices: [
            { profile: '3g.20gb', place: { start: 4, size: 4 }, tenants: [] },
            { profile: '1g.5gb', tenants: ['attendance'] },
            { profile: '1g.5gb', tenants: ['access'] },
            { profile: '1g.5gb+me' },
          ],
        },
      ],
      problems: [],
    });
  });

  it('plan: prints the commands and ends with 0 where they are enough, else with 1', async () => {
    const [possible, impossible, json] = await Promise.all([
      gpu('plan', '-c', config, ...saved('a100-40-off')),
      gpu('plan', '-c', config, ...saved('v100')),
      gpu('plan', '--json', '-c', config, ...saved('a100-40-empty')),
    ]);
    expect(possible).toMatchObject({ code: 0, err: '' });
    expect(possible.out).toContain(
      '  sudo nvidia-smi -i 0 -mig 1\n  sudo nvidia-smi mig -i 0 -cgi 19:5,19:6 -C\n  nvidia-smi -L\n',
    );
    expect(impossible.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ isPossible: true, tenants: [{ id: 'attendance', batch: 1 }, {}] });
  });

  it('a configuration without tenants is one tenant that sees all there is', async () => {
    const single = join(folder, 'single.yaml');
    writeFileSync(single, 'models: { embedder: { model: rts-512d } }\n');
    const { code, out } = await gpu('plan', '-c', single, ...saved('t4'));
    expect(code).toBe(0);
    expect(out).toMatch(/^default +any +all that is shown/m);
  });

  it('refuses a plan without a configuration, and a folder that is a file', async () => {
    expect(await gpu('plan')).toMatchObject({ code: 2 });
    expect(await gpu('list', '--from', config)).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be read'),
    });
  });

  it('asks the nvidia-smi on the PATH, and only asks', async () => {
    const smi = join(folder, 'nvidia-smi');
    const from = `${FIXTURES}a100-40-empty`;
    writeFileSync(
      smi,
      `#!/bin/sh
echo "$*" >> "${folder}/asked"
case "$*" in
  '-q -x') cat "${from}/query.xml";;
  -L) cat "${from}/list.txt";;
  'mig -lgip') cat "${from}/mig-lgip.txt";;
  'mig -lgipp') cat "${from}/mig-lgipp.txt";;
  *) cat "${from}/mig$(echo "$*" | cut -c5-8).txt" 2>/dev/null || echo 'No GPU instances found: Not Found'; exit 6;;
esac
`,
    );
    chmodSync(smi, 0o755);
    const [list, plan] = [await gpu('list', '-c', config), await gpu('plan', '-c', config)];
    rmSync(smi);
    expect(list.code).toBe(1);
    expect(list.out).toContain('! MIG is on and there is no slice: nothing can run on this GPU');
    expect(plan).toMatchObject({ code: 0, out: expect.stringContaining('sudo nvidia-smi mig -i 0 -cgi 19:5,19:6 -C') });
    const asked = new Set(readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n'));
    expect(asked).toEqual(new Set(['-q -x', 'mig -lgip', 'mig -lgipp', 'mig -lgi', 'mig -lci']));
  });

  it('says what to install where there is no nvidia-smi', async () => {
    if (['/usr/bin/nvidia-smi', '/bin/nvidia-smi'].some((file) => existsSync(file))) return;
    const { code, out } = await gpu('list');
    expect(code).toBe(1);
    expect(out).toBe(`! there is no nvidia-smi, so no NVIDIA driver
  > install the driver (Debian: apt-get install nvidia-driver); a container gets it with --gpus
    (docs/deploy.md)
`);
  });
});
