import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIMING_NETWORKS } from '../../../models/architectures/timing-networks.ts';
import { catalogEntry } from '../../../models/catalog.ts';
import { type TimeNetworksOptions, timeNetworks } from '../../../models/timing/time-networks.ts';
import type { TimingTask } from '../../../models/timing/timing-messages.ts';
import { descendantsOf } from '../../support/child-processes.ts';
import { requirement } from '../../support/requirements.ts';

const NAME = 'retinaface-mobilenet1.0';

describe('timeNetworks', () => {
  let folder: string;
  let path: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'facegate-timed-'));
    path = join(folder, `${NAME}.onnx`);
    writeFileSync(path, TIMING_NETWORKS[NAME]!().graph.build());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const task = (change: { provider?: string; path?: string; seconds?: number } = {}): TimingTask => ({
    work: {
      kind: 'network',
      network: {
        model: { entry: catalogEntry(NAME), path: change.path ?? path, origin: 'built here' },
        providers: [change.provider ?? 'cpu'],
      },
      shape: [1, 3, 64, 96],
    },
    seconds: change.seconds ?? 0.05,
  });
  const time = (given: TimingTask, options: Partial<TimeNetworksOptions> = {}) =>
    timeNetworks(given, { environment: {}, ...options });

  it('says how long a run takes, how many a second there are, and how much memory that took', async () => {
    const timing = await time(task());
    expect(timing.runs).toBeGreaterThanOrEqual(5);
    expect(timing.p50Ms).toBeGreaterThan(0);
    expect(timing.p95Ms).toBeGreaterThanOrEqual(timing.p50Ms);
    expect(timing.startMs).toBeGreaterThan(timing.p50Ms);
    // The mean of a run lies between nothing and the slowest one.
    expect(timing.perSecond * timing.p50Ms).toBeLessThan(5000);
    expect(timing.faces).toBeNull();
  });

  it('counts the memory of that process, not of the one that started it', async () => {
    const mine = Buffer.alloc(700 * 2 ** 20, 1);
    const { peakMemoryMb } = await time(task());
    expect(mine.length).toBeGreaterThan(0);
    expect(peakMemoryMb).toBeGreaterThan(40);
    expect(peakMemoryMb).toBeLessThan(500);
  });

  it.skipIf(requirement('gpu').met)('fails with what to install where the provider is missing', async () => {
    await expect(time(task({ provider: 'cuda' }))).rejects.toMatchObject({
      code: 'MODEL_PROVIDER_UNAVAILABLE',
      message: expect.stringContaining('gpu:install'),
    });
  });

  it('fails with what is wrong with the file', async () => {
    const missing = join(folder, 'missing.onnx');
    await expect(time(task({ path: missing }))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining(missing),
    });
  });

  it.each<[string, string, () => Partial<TimeNetworksOptions>]>([
    ['that hangs', 'INFERENCE_DEADLINE', () => ({ deadlineMs: 300 })],
    ['when it is cancelled', 'INFERENCE_CLOSED', () => ({ signal: AbortSignal.timeout(300) })],
    ['that was cancelled before it began', 'INFERENCE_CLOSED', () => ({ signal: AbortSignal.abort() })],
  ])('ends a process %s', async (_, code, options) => {
    await expect(time(task({ seconds: 600 }), options())).rejects.toMatchObject({ code });
    expect(descendantsOf(process.pid)).toEqual([]);
  });
});
