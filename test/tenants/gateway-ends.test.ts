import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { descendantsOf, isAlive } from '../support/child-processes.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), 'facegate-gateway-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'facegate.yaml');
const own = { cameras: [{ id: 'front', url: 'test:' }] };
writeFileSync(
  config,
  JSON.stringify({
    server: { port: 0 },
    log: { level: 'warn' },
    tenants: [
      { id: 'one', settings: own },
      { id: 'two', settings: own },
      { id: 'wrong', config: 'nowhere.yaml' },
    ],
  }),
);
const start = () => startFacegate(['serve', '--config', config]);

describe.skipIf(process.platform !== 'linux' || !requirement('shared').met)('facegate serve with tenants', () => {
  it('says how each one does, and ends all of them in order at SIGTERM', async () => {
    await using facegate = await start();
    const said = facegate.said.join('\n');
    expect(said).toMatch(/tenant one is ready: http:\/\/127\.0\.0\.1:\d+\/one\//);
    expect(said).toMatch(/tenant wrong is not started \(tenant "wrong" \(.*nowhere\.yaml\)/);
    expect(said).toMatch(/is watching: http:\/\/127\.0\.0\.1:\d+ \(2 of 3 tenants ready\)/);
    expect((await fetch(`${facegate.address}/one/health`)).status).toBe(200);
    expect((await fetch(`${facegate.address}/wrong/health`)).status).toBe(503);
    const all = descendantsOf(facegate.pid);
    expect(all.length).toBeGreaterThan(3);
    await facegate.stop();
    expect(await facegate.ended).toBe(0);
    await eventually('no process is left', () => !all.some(isAlive), 10_000);
  });

  it('leaves nothing behind where the gateway is killed, and the next one takes over', async () => {
    const killed = await start();
    const all = descendantsOf(killed.pid);
    process.kill(killed.pid, 'SIGKILL');
    // At once: those of before are just closing, and have the folders.
    await using next = await start();
    await eventually('those of before are gone', () => !all.some(isAlive), 15_000);
    await eventually(
      'both tenants are ready',
      async () => {
        const states = await Promise.all(['one', 'two'].map((id) => fetch(`${next.address}/${id}/health`)));
        return states.every(({ status }) => status === 200);
      },
      90_000,
    );
  });
});
