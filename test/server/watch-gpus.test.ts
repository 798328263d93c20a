import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../pipeline/silent-log.ts';
import { createMetrics } from '../../server/metrics.ts';
import { watchGpus } from '../../server/watch-gpus.ts';
import { fakeNvidiaSmi } from '../support/fake-nvidia-smi.ts';
import { recordedLog } from '../support/recorded-log.ts';

const GPU = 'GPU-6513270e-269e-4d37-b2a7-4de452e6b438';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-nvidia-smi-'));
});

afterEach(() => rm(folder, { recursive: true }));

function nvidiaSmi({ freeMb, percent }: { freeMb: number; percent: number }): Promise<void> {
  const memory = `<fb_memory_usage><total>1000 MiB</total><free>${freeMb} MiB</free></fb_memory_usage>`;
  const gpu = `<product_name>Tesla T4</product_name><mig_mode><current_mig>N/A</current_mig></mig_mode><uuid>${GPU}</uuid>${memory}<utilization><gpu_util>${percent} %</gpu_util></utilization>`;
  return fakeNvidiaSmi(folder, `echo asked >> asked\necho '<nvidia_smi_log><gpu>${gpu}</gpu></nvidia_smi_log>'`);
}

describe('watchGpus', () => {
  it('asks nobody where no network runs on an NVIDIA GPU', () => {
    const roles = () => ['cpu', 'webgpu', 'coreml'].map((provider) => ({ provider, device: provider }));
    expect(watchGpus({ roles, environment: {}, fault: () => {}, log: silentLog })).toBeNull();
  });

  it('tells the metrics, the log and the events', async () => {
    await nvidiaSmi({ freeMb: 50, percent: 9 });
    const log = recordedLog();
    const faults: string[] = [];
    const gpus = watchGpus({
      roles: () => [
        { provider: 'cuda', device: 'cuda:0' },
        { provider: 'cpu', device: 'cpu' },
      ],
      environment: { PATH: `${folder}:/usr/bin:/bin` },
      fault: (code) => void faults.push(code),
      log,
    });
    const metrics = createMetrics({ version: '0', tenant: 'access' });
    try {
      metrics.watch({ gpus: () => gpus?.readings() ?? [] });
      await vi.waitFor(() => expect(faults).toEqual(['GPU_MEMORY_HIGH']), 5000);
      expect(log.lines.map(({ fields, message }) => [fields, message])).toEqual([
        [{ code: 'GPU_MEMORY_HIGH', device: GPU }, '95 % of the memory of GPU 0 (Tesla T4) is taken'],
      ]);
      const text = await metrics.text();
      expect(text).toContain(`facegate_gpu_memory_bytes{device="${GPU}",tenant="access"} ${950 * 2 ** 20}`);
      expect(text).toContain(`facegate_gpu_memory_total_bytes{device="${GPU}",tenant="access"} ${1000 * 2 ** 20}`);
      expect(text).toContain(`facegate_gpu_utilization_ratio{device="${GPU}",tenant="access"} 0.09`);
      await gpus?.close();
      expect(await metrics.text()).not.toContain(GPU);
    } finally {
      await gpus?.close();
      metrics.close();
    }
  });

  it('tells log and events of a GPU that is at work all the time', async () => {
    await nvidiaSmi({ freeMb: 500, percent: 95 });
    const log = recordedLog();
    const faults: string[] = [];
    await using _ = watchGpus({
      roles: () => [{ provider: 'tensorrt', device: 'cuda:0' }],
      environment: { PATH: `${folder}:/usr/bin:/bin` },
      everyMs: 10,
      fault: (code) => void faults.push(code),
      log,
    });
    await vi.waitFor(() => expect(faults).toEqual(['GPU_BUSY']), 5000);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { code: 'GPU_BUSY', device: GPU },
        message: '95 % of the time GPU 0 (Tesla T4) was at work in the last 0.06 s',
      },
    ]);
  });
});
