import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { createInferencePool, type InferencePool, type PoolEvent } from '../../../models/processes/inference-pool.ts';
import type { ResolvedModel } from '../../../models/store.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { greedyNetwork } from '../../support/greedy-network.ts';
import { readPicture } from '../../support/read-picture.ts';
import { type ReadyModels, readyModels } from '../../support/ready-models.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';

let models: ReadyModels;
let folder: string;
let picture: PixelImage;
let pool: InferencePool | null = null;
const { detector } = settingsSchema.parse({}).models;

async function open(
  changes: Partial<Parameters<typeof createInferencePool>[0]> = {},
  memoryLimitMb?: number,
): Promise<{ pool: InferencePool; events: PoolEvent[] }> {
  pool = await createInferencePool({
    ...models,
    settings: { detector: { ...detector, memoryLimitMb, deadlineMs: 20_000 }, oodThreshold: 0, providers: 'auto' },
    processes: 1,
    log: recordedLog(),
    clock: systemClock,
    ...changes,
  });
  const events: PoolEvent[] = [];
  pool.changes.subscribe((event) => events.push(event));
  return { pool, events };
}

const codes = (events: PoolEvent[]) => events.map(({ type, code }) => `${type} ${code}`);

beforeAll(async () => {
  models = await readyModels();
  folder = await mkdtemp(join(tmpdir(), 'facegate-memory-'));
  picture = await readPicture(faceApiPicture(1), (sharp) => sharp.resize(640));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await pool?.close();
  pool = null;
});

describe('a process that takes more memory than it may', () => {
  it('finishes what it has and is replaced; the other one takes the pictures meanwhile', async () => {
    const { pool, events } = await open({ processes: 2 }, 64);
    const before = pool.stats().perProcess.map(({ pid }) => pid);
    const cameras = Array.from({ length: 2 }, async () => {
      let analysed = 0;
      while (pool.stats().restarts < 2) {
        const slot = await pool.reserve();
        expect((await slot.analyse(picture)).faces).toHaveLength(3);
        analysed += 1;
      }
      return analysed;
    });
    // A rejected picture would be a frame that a camera lost.
    const analysed = await Promise.all(cameras);
    expect(Math.min(...analysed)).toBeGreaterThan(0);
    expect(codes(events)).toContain('outgrew INFERENCE_OUT_OF_MEMORY');
    expect(codes(events)).not.toContain('died INFERENCE_DIED');
    expect(events[0]!.message).toMatch(/^inference process \d+ takes \d+ MiB of memory, more than the 64 that it may$/);
    expect(pool.stats().outOfMemory).toBeGreaterThanOrEqual(2);
    expect(pool.stats().perProcess.some(({ pid }) => before.includes(pid))).toBe(false);
  });
});

describe('a network that runs out of memory', () => {
  let greedyEmbedder: ResolvedModel;
  beforeAll(async () => {
    greedyEmbedder = await greedyNetwork(folder, models.embedder, { name: 'greedy-embedder' });
  });

  it('ends its process with the reason, which is replaced and stays of use for what does not need that network', async () => {
    const { pool, events } = await open({ embedder: greedyEmbedder });
    await expect(pool.analyse(picture)).rejects.toMatchObject({
      code: 'INFERENCE_OUT_OF_MEMORY',
      status: 503,
      message: expect.stringContaining('greedy-embedder failed on an input of [1, 3, '),
    });
    await expect
      .poll(() => codes(events), { timeout: 20_000 })
      .toEqual(['died INFERENCE_OUT_OF_MEMORY', 'replaced null']);
    expect((await pool.analyse(picture, { want: 'detections' })).faces).toHaveLength(3);
    expect(pool.stats()).toMatchObject({ processes: 1, restarts: 1, outOfMemory: 1, lightened: 0 });
  });

  it('takes no other process with it when it has one of its own', async () => {
    const { pool, events } = await open({
      embedder: greedyEmbedder,
      settings: {
        detector: { ...detector, deadlineMs: 20_000 },
        embedder: { isolation: 'process' },
        oodThreshold: 0,
        providers: 'auto',
      },
    });
    const detecting = pool.roles().find(({ role }) => role === 'detector')!;
    await expect(pool.analyse(picture)).rejects.toMatchObject({ code: 'INFERENCE_OUT_OF_MEMORY' });
    expect((await pool.analyse(picture, { want: 'detections' })).faces).toHaveLength(3);
    await expect.poll(() => codes(events), { timeout: 20_000 }).toContain('replaced null');
    expect(pool.roles().find(({ role }) => role === 'detector')).toEqual(detecting);
    expect(pool.roles().find(({ role }) => role === 'embedder')).toMatchObject({ restarts: 1, isolation: 'process' });
  });
});

describe.skipIf(!requirement('shared').met)('a detector that runs out of memory again and again', () => {
  const heavy = () => greedyNetwork(folder, models.detector, { name: 'greedy-detector', lighter: 'retinaface-light' });

  it('gives way to the next lighter member of its family after three times', async () => {
    const asked: string[] = [];
    const { pool, events } = await open({
      detector: await heavy(),
      lighter: async ({ name }) => {
        asked.push(name);
        return name === 'greedy-detector' ? models.detector : null;
      },
    });
    expect(pool.roles()[0]).toMatchObject({ model: 'greedy-detector', insteadOf: null });
    for (let time = 1; time <= 3; time++) {
      await expect(pool.analyse(picture)).rejects.toMatchObject({ code: 'INFERENCE_OUT_OF_MEMORY' });
      await expect.poll(() => pool.stats().restarts, { timeout: 20_000 }).toBe(time);
      expect(asked).toHaveLength(time === 3 ? 1 : 0);
    }
    expect((await pool.analyse(picture)).faces).toHaveLength(3);
    expect(asked).toEqual(['greedy-detector']);
    expect(pool.stats()).toMatchObject({ outOfMemory: 3, lightened: 1, processes: 1 });
    expect(pool.roles()[0]).toMatchObject({ model: models.detector.entry.name, insteadOf: 'greedy-detector' });
    expect(events.filter(({ type }) => type === 'died')).toHaveLength(3);
  });

  it('also in the processes that were still well, one after the other', async () => {
    const { pool, events } = await open({
      detector: await heavy(),
      processes: 2,
      lighter: async () => models.detector,
    });
    for (let time = 1; time <= 3; time++) {
      await expect(pool.analyse(picture)).rejects.toMatchObject({ code: 'INFERENCE_OUT_OF_MEMORY' });
      await expect.poll(() => pool.stats().processes, { timeout: 20_000 }).toBe(2);
    }
    await expect
      .poll(
        () =>
          pool
            .roles()
            .filter(({ role }) => role === 'detector')
            .map(({ model }) => model),
        { timeout: 20_000 },
      )
      .toEqual([models.detector.entry.name]);
    await expect.poll(() => pool.stats().processes, { timeout: 20_000 }).toBe(2);
    const all = await Promise.all(Array.from({ length: 4 }, () => pool.analyse(picture)));
    expect(all.map(({ faces }) => faces.length)).toEqual([3, 3, 3, 3]);
    expect(events.filter(({ type }) => type === 'died')).toHaveLength(3);
  });

  it('stays where nothing lighter may be taken, and is started again and again', async () => {
    const { pool } = await open({ detector: await heavy() });
    for (let time = 1; time <= 4; time++) {
      await expect(pool.analyse(picture)).rejects.toMatchObject({ code: 'INFERENCE_OUT_OF_MEMORY' });
      await expect.poll(() => pool.stats().restarts, { timeout: 20_000 }).toBe(time);
    }
    expect(pool.stats()).toMatchObject({ lightened: 0, outOfMemory: 4 });
    expect(pool.roles()[0]).toMatchObject({ model: 'greedy-detector', insteadOf: null });
  });
});
