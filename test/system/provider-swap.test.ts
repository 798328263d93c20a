import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../server/tenant.ts';
import { descendantsOf } from '../support/child-processes.ts';
import { openTestTenant } from '../support/open-test-tenant.ts';
import { requirement } from '../support/requirements.ts';
import { type SoftwareVulkan, softwareVulkan } from '../support/software-vulkan.ts';

interface Ready {
  ready: boolean;
  degraded: boolean;
  models: { role: string; provider: string; degraded: boolean; nodes: object; passedOver: { provider: string }[] }[];
}

/** Of this test's own tenant. */
const inferenceProcesses = () =>
  descendantsOf(process.pid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('inference-process'),
  );

// WebGPU on Chromium's software driver: a real second provider, on a machine without a GPU.
describe.skipIf(!requirement('webgpu').met || !requirement('shared').met)(
  'a provider that is swapped underneath',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'facegate-swap-'));
    const logged: string[] = [];
    let vulkan: SoftwareVulkan;
    let tenant: Tenant;
    let address: string;
    const ready = async () => (await (await fetch(`${address}/ready`)).json()) as Ready;
    const detector = async () => (await ready()).models.find(({ role }) => role === 'detector');
    const metrics = async () => (await fetch(`${address}/metrics`)).text();

    beforeAll(async () => {
      vulkan = softwareVulkan();
      tenant = await openTestTenant({
        folder,
        settings: {
          server: { port: 0 },
          models: {
            processes: 1,
            providers: ['cpu'],
            // Compiling shaders for a processor takes seconds for each shape: one small shape is enough.
            batch: { most: 1 },
            detector: { model: 'retinaface-mobilenet025', inputSize: 128, providers: ['webgpu', 'cpu'] },
          },
        },
        starter: false,
        inferenceEnvironment: vulkan.environment,
        log: pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }),
      });
      ({ address } = await tenant.start());
    });
    afterAll(async () => {
      await tenant?.close();
      vulkan?.[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    it('is first the one that was asked for, proven by what ran', async () => {
      expect(await ready()).toMatchObject({ ready: true, degraded: false });
      expect(await detector()).toMatchObject({ provider: 'webgpu', degraded: false, passedOver: [] });
      const nodes = (await detector())?.nodes as Record<string, number>;
      expect(Object.keys(nodes)).toEqual(['webgpu']);
      expect(nodes.webgpu).toBeGreaterThan(20);
      expect(await metrics()).toContain(
        'facegate_network_degraded{role="detector",model="retinaface-mobilenet025",provider="webgpu",tenant="default"} 0',
      );
      expect(logged.join('')).toMatch(
        /the detector retinaface-mobilenet025 runs on webgpu \((\d+) of \1 heavy nodes\)/,
      );
    });

    it('is told by /ready, metrics and log when the next process has to do without it', async () => {
      vulkan.remove();
      const before = inferenceProcesses();
      expect(before.length).toBeGreaterThan(0);
      for (const pid of before) process.kill(pid, 'SIGKILL');
      await expect.poll(async () => (await detector())?.provider, { timeout: 60_000 }).toBe('cpu');
      expect(await detector()).toMatchObject({
        degraded: true,
        passedOver: [{ provider: 'webgpu', why: expect.stringContaining('it needs a GPU') }],
      });
      expect(Object.keys((await detector())?.nodes ?? {})).toEqual(['cpu']);
      expect(await ready()).toMatchObject({ degraded: true });
      expect(await metrics()).toContain(
        'facegate_network_degraded{role="detector",model="retinaface-mobilenet025",provider="cpu",tenant="default"} 1',
      );
      expect(logged.filter((line) => /detector .* runs on cpu .*not on webgpu as asked for/.test(line))).toHaveLength(
        1,
      );
      // It goes on working all the same.
      await expect.poll(async () => (await ready()).ready, { timeout: 60_000 }).toBe(true);
    });
  },
);
