import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import type { CatalogEntry } from '../../../models/catalog.ts';
import {
  createInferencePool,
  type InferencePool,
  type InferencePoolOptions,
  type PoolEvent,
} from '../../../models/processes/inference-pool.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { isAlive } from '../../support/child-processes.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { readPicture } from '../../support/read-picture.ts';
import { type ReadyModels, readyModels } from '../../support/ready-models.ts';
import { recordedLog } from '../../support/recorded-log.ts';

let models: ReadyModels;
let folder: string;
/** Three people, 640×427, in memory that other threads share, as a camera's frames are. */
let picture: PixelImage;
const detector = settingsSchema.parse({}).models.detector;

function options(changes: Partial<InferencePoolOptions> = {}, deadlineMs = 20_000): InferencePoolOptions {
  return {
    ...models,
    settings: { detector: { ...detector, deadlineMs }, oodThreshold: 0, providers: 'auto' },
    processes: 1,
    log: recordedLog(),
    clock: systemClock,
    ...changes,
  };
}

function eventsOf(pool: InferencePool): PoolEvent[] {
  const events: PoolEvent[] = [];
  pool.changes.subscribe((event) => events.push(event));
  return events;
}

const pidsOf = (pool: InferencePool) => pool.stats().perProcess.map(({ pid }) => pid);
const types = (events: PoolEvent[]) => events.map(({ type }) => type);

beforeAll(async () => {
  models = await readyModels();
  folder = await mkdtemp(join(tmpdir(), 'facegate-pool-'));
  const decoded = await readPicture(faceApiPicture(1), (sharp) => sharp.resize(640));
  const data = new Uint8Array(new SharedArrayBuffer(decoded.data.byteLength));
  data.set(decoded.data);
  picture = { ...decoded, data };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an inference pool', () => {
  let pool: InferencePool;
  beforeAll(async () => {
    process.env.FACEGATE_TEST_SECRET = 'swordfish';
    pool = await createInferencePool(options({ environment: { FACEGATE_TEST_GIVEN: '1' } }));
  });
  afterAll(async () => {
    delete process.env.FACEGATE_TEST_SECRET;
    await pool.close();
  });

  it('finds, aligns and embeds the faces of a picture, best first', async () => {
    const { faces, timings } = await pool.analyse(picture);
    expect(faces).toHaveLength(3);
    expect(faces.map((face) => face.confidence)).toEqual(
      faces.map((face) => face.confidence).toSorted((a, b) => b - a),
    );
    for (const { box, embedding, quality, qualitySignal, unfit } of faces) {
      expect(box[0] >= 0 && box[1] >= 0 && box[2] <= picture.width && box[3] <= picture.height).toBe(true);
      expect(embedding!.model).toBe(models.embedder.entry.name);
      expect(Math.hypot(...embedding!.vector)).toBeCloseTo(1, 5);
      // Its own memory: keeping one template must not keep the whole message.
      expect(embedding!.vector.buffer.byteLength).toBe(embedding!.vector.byteLength);
      expect(quality).toBeGreaterThan(0);
      expect([qualitySignal, unfit]).toEqual(['norm', null]);
    }
    expect(timings.detect).toBeGreaterThan(0);
    expect(timings.embed).toBeGreaterThan(0);
  });

  it('gives the same answer to the same picture', async () => {
    const [first, second] = await Promise.all([pool.analyse(picture), pool.analyse(picture)]);
    expect(second.faces).toEqual(first.faces);
  });

  it('skips embeddings where only detections are wanted, and follows the options of the call', async () => {
    const { faces } = await pool.analyse(picture, { want: 'detections', maxFaces: 2 });
    expect(faces).toHaveLength(2);
    for (const face of faces) expect(face).toMatchObject({ embedding: null, quality: null });
    expect((await pool.analyse(picture, { confidence: 1 })).faces).toEqual([]);
  });

  it('hands places to cameras in the order in which they asked', async () => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const slot = await pool.reserve();
        order.push(i);
        await slot.analyse(picture, { want: 'detections' });
      }),
    );
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('offers two places a process, so that a picture crosses while another is worked on', async () => {
    const slots = await Promise.all([pool.reserve(), pool.reserve()]);
    let third = false;
    const waiting = pool.reserve().then((slot) => {
      third = true;
      return slot;
    });
    await pool.reserve(AbortSignal.timeout(20)).catch(() => {});
    expect([third, pool.stats().waiting]).toEqual([false, 1]);
    slots[0].release();
    slots[0].release();
    const slot = await waiting;
    slot.release();
    slots[1].release();
    expect(pool.stats()).toMatchObject({ waiting: 0, busy: 0 });
  });

  it('refuses to use a slot twice or after its release', async () => {
    const slot = await pool.reserve();
    await slot.analyse(picture, { want: 'detections' });
    await expect(slot.analyse(picture)).rejects.toMatchObject({ code: 'INTERNAL' });
    const released = await pool.reserve();
    released.release();
    await expect(released.analyse(picture)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('turns requests away when sixteen are waiting, and answers those that it took', async () => {
    const taken = Array.from({ length: 2 + 16 }, () => pool.analyse(picture, { want: 'detections' }));
    await expect(pool.analyse(picture)).rejects.toMatchObject({ code: 'INFERENCE_BUSY', status: 503 });
    expect(pool.stats()).toMatchObject({ busy: 2, waiting: 16, waitingRequests: 16 });
    expect((await Promise.all(taken)).every(({ faces }) => faces.length === 3)).toBe(true);
  });

  it('lets a camera pass the requests that wait', async () => {
    const finished: string[] = [];
    const requests = Array.from({ length: 6 }, async (_, i) => {
      await pool.analyse(picture, { want: 'detections' });
      finished.push(`request ${i}`);
    });
    const camera = pool.reserve().then(async (slot) => {
      await slot.analyse(picture, { want: 'detections' });
      finished.push('camera');
    });
    await Promise.all([...requests, camera]);
    expect(finished.indexOf('camera')).toBe(2);
  });

  it('honours an abort before, while it waits and while it is worked on', async () => {
    const reason = new Error('the client left');
    const gone = AbortSignal.abort(reason);
    await expect(pool.analyse(picture, { signal: gone })).rejects.toBe(reason);
    await expect(pool.reserve(gone)).rejects.toBe(reason);

    const [working, waiting, camera] = [new AbortController(), new AbortController(), new AbortController()];
    const calls = [
      pool.analyse(picture, { signal: working.signal }),
      pool.analyse(picture),
      pool.analyse(picture, { signal: waiting.signal }),
      pool.reserve(camera.signal),
    ];
    for (const controller of [working, waiting, camera]) controller.abort(reason);
    const ends = await Promise.allSettled(calls);
    expect(ends.map((end) => (end.status === 'rejected' ? end.reason : 'done'))).toEqual([
      reason,
      'done',
      reason,
      reason,
    ]);
    expect(pool.stats().waiting).toBe(0);
    expect((await pool.analyse(picture)).faces).toHaveLength(3);
  });

  it('gives up a request that waits longer than its deadline without blaming a process', async () => {
    const events = eventsOf(pool);
    const slots = await Promise.all([pool.reserve(), pool.reserve()]);
    await expect(pool.analyse(picture, { deadlineMs: 30 })).rejects.toMatchObject({
      code: 'INFERENCE_DEADLINE',
      message: 'no inference process was free within 30 ms',
    });
    for (const slot of slots) slot.release();
    expect(events).toEqual([]);
  });

  it.each([
    ['too few bytes', { width: 640, height: 428 }],
    ['no width', { width: 0, height: 427 }],
    ['a width that is not a number', { width: Number.NaN, height: 427 }],
  ])('refuses a picture with %s, and the place is free again', async (_, size) => {
    const slot = await pool.reserve();
    await expect(slot.analyse({ ...picture, ...size })).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(pool.analyse({ ...picture, ...size })).rejects.toMatchObject({ code: 'INTERNAL' });
    const both = await Promise.all([pool.reserve(), pool.reserve()]);
    for (const each of both) each.release();
  });

  it('survives a call that cannot be sent', async () => {
    const confidence = (() => 0.5) as unknown as number;
    await expect(pool.analyse(picture, { confidence })).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    expect((await pool.analyse(picture)).faces).toHaveLength(3);
  });

  it('tells what it runs on and how it is doing', async () => {
    const { detector, embedder, landmarks } = models;
    const roles = [
      { role: 'detector', model: detector.entry.name },
      ...(landmarks ? [{ role: 'landmarks', model: landmarks.entry.name }] : []),
      { role: 'embedder', model: embedder.entry.name },
    ];
    expect(pool.roles()).toEqual(
      roles.map((role) => ({
        ...role,
        requested: 'auto',
        provider: 'cpu',
        nodes: { cpu: expect.any(Number) },
        degraded: false,
        passedOver: [],
        device: 'cpu',
        isolation: 'shared',
        processes: 1,
        restarts: 0,
        insteadOf: null,
      })),
    );
    const before = pool.stats();
    await pool.analyse(picture);
    expect(pool.stats()).toMatchObject({ processes: 1, busy: 0, waiting: 0, restarts: 0, calls: before.calls + 1 });
  });

  it.skipIf(process.platform !== 'linux')(
    'gives its processes no secret, no flag of its own and a lower priority',
    () => {
      const [pid] = pidsOf(pool);
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      expect(
        environment
          .map((variable) => variable.split('=')[0])
          .filter((name) => name !== '')
          .toSorted(),
      ).toEqual(['FACEGATE_TEST_GIVEN', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']);
      expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1, -1)).toEqual([
        expect.stringMatching(/inference-process\.ts$/),
      ]);
      expect(getPriority(pid)).toBe(Math.min(19, getPriority() + 2));
    },
  );

  it('leaves the signals of the terminal to its parent', async () => {
    const [pid] = pidsOf(pool);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid!, signal);
    expect((await pool.analyse(picture)).faces).toHaveLength(3);
    expect(pidsOf(pool)).toEqual([pid]);
  });
});

describe('an inference process that fails', () => {
  let pool: InferencePool | null = null;
  afterEach(async () => {
    await pool?.close();
    pool = null;
  });

  it('is killed and replaced when it hangs; the other process does not notice', async () => {
    pool = await createInferencePool(options({ processes: 2 }));
    const events = eventsOf(pool);
    const [hung, well] = pidsOf(pool);
    process.kill(hung!, 'SIGSTOP');
    const ends = await Promise.allSettled(
      Array.from({ length: 4 }, () => pool!.analyse(picture, { deadlineMs: 1500 })),
    );
    const codes = ends.map((end) => (end.status === 'rejected' ? end.reason.code : 'done'));
    // Two were in the hung one: both are late.
    expect(codes.toSorted()).toEqual(['INFERENCE_DEADLINE', 'INFERENCE_DEADLINE', 'done', 'done']);
    await expect.poll(() => types(events), { timeout: 20_000 }).toEqual(['hung', 'replaced']);
    expect(isAlive(hung!)).toBe(false);
    expect(pidsOf(pool)).toContain(well);
    expect(pool.stats()).toMatchObject({ processes: 2, restarts: 1, busy: 0 });
    expect(events[0]).toMatchObject({
      pid: hung,
      code: 'INFERENCE_DEADLINE',
      message: `inference process ${hung} did not answer within 1500 ms`,
    });
    const after = await Promise.all(Array.from({ length: 4 }, () => pool!.analyse(picture)));
    expect(after.every(({ faces }) => faces.length === 3)).toBe(true);
  });

  it('is noticed as hung even when the caller has lost interest', async () => {
    pool = await createInferencePool(options());
    const events = eventsOf(pool);
    process.kill(pidsOf(pool)[0]!, 'SIGSTOP');
    const controller = new AbortController();
    const call = pool.analyse(picture, { deadlineMs: 400, signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => types(events), { timeout: 20_000 }).toEqual(['hung', 'replaced']);
    expect((await pool.analyse(picture)).faces).toHaveLength(3);
  });

  it('is replaced when it is killed in the middle of a call; cameras that wait go on', async () => {
    pool = await createInferencePool(options());
    const events = eventsOf(pool);
    const [pid] = pidsOf(pool);
    const calls = [pool.analyse(picture), pool.analyse(picture)];
    const camera = pool.reserve().then((slot) => slot.analyse(picture));
    process.kill(pid!, 'SIGKILL');
    for (const end of await Promise.allSettled(calls)) {
      expect(end).toMatchObject({
        status: 'rejected',
        reason: { code: 'INFERENCE_DIED', message: `inference process ${pid} ended with signal SIGKILL` },
      });
    }
    expect((await camera).faces).toHaveLength(3);
    expect(types(events)).toEqual(['died', 'replaced']);
    expect(events[0]).toMatchObject({ pid, code: 'INFERENCE_DIED' });
    expect(events[1]).toMatchObject({ pid: pidsOf(pool)[0], code: null });
  });

  it('keeps a place that was promised before it died', async () => {
    pool = await createInferencePool(options());
    const slot = await pool.reserve();
    process.kill(pidsOf(pool)[0]!, 'SIGKILL');
    await expect.poll(() => pool!.stats().processes).toBe(0);
    expect((await slot.analyse(picture)).faces).toHaveLength(3);
  });

  it('is given up when its successor cannot work: then callers are told why', async () => {
    const path = join(folder, 'embedder.onnx');
    await copyFile(models.embedder.path, path);
    pool = await createInferencePool(options({ embedder: { ...models.embedder, path } }));
    const events = eventsOf(pool);
    await writeFile(path, 'no longer a model');
    const waiting = pool.reserve().then((slot) => slot.release());
    await waiting;
    process.kill(pidsOf(pool)[0]!, 'SIGKILL');
    await expect.poll(() => types(events), { timeout: 20_000 }).toEqual(['died', 'failed']);
    const code = models.embedder.entry.sha256 === null ? 'MODEL_INVALID' : 'MODEL_CHECKSUM_MISMATCH';
    expect(events[1]).toMatchObject({ code });
    await expect(pool.reserve()).rejects.toMatchObject({ code });
    await expect(pool.analyse(picture)).rejects.toMatchObject({ code });
  });
});

describe('createInferencePool', () => {
  it.each([
    [
      'a provider that is none',
      async () => ({ settings: { ...options().settings, providers: ['gpu', 'cpu'] } }),
      'MODEL_PROVIDER_UNAVAILABLE',
    ],
    [
      'a network that is another one than the catalog says',
      async () => ({
        embedder: {
          ...models.embedder,
          entry: { ...models.embedder.entry, outputs: { embedding: 'elsewhere' } } as CatalogEntry,
        },
      }),
      'MODEL_CONTRACT_MISMATCH',
    ],
    [
      'an embedder in the place of the detector',
      async () => ({ detector: models.embedder }),
      'MODEL_CONTRACT_MISMATCH',
    ],
    [
      'weights with one byte changed',
      async () => {
        const bytes = await readFile(models.detector.path);
        // In the header: the starter set has no checksum to be caught by.
        bytes[models.detector.entry.sha256 === null ? 0 : bytes.length >> 1]! ^= 0xff;
        const path = join(folder, 'changed.onnx');
        await writeFile(path, bytes);
        return { detector: { ...models.detector, path } };
      },
      /MODEL_CHECKSUM_MISMATCH|MODEL_INVALID/,
    ],
  ] as [string, () => Promise<Partial<InferencePoolOptions>>, string | RegExp][])(
    'rejects with the reason for %s',
    async (_, changes, code) => {
      const given = options({ ...(await changes()), processes: 1 });
      await expect(createInferencePool(given)).rejects.toMatchObject({ code: expect.stringMatching(code) });
    },
  );

  it('rejects when a process does not get ready in time', async () => {
    await expect(createInferencePool(options({ startDeadlineMs: 1 }))).rejects.toMatchObject({
      code: 'INFERENCE_DEADLINE',
    });
  });
});

describe('closing an inference pool', () => {
  it('ends every process, rejects what waits, and is the same when called twice', async () => {
    const pool = await createInferencePool(options());
    let completed = false;
    pool.changes.subscribe({ complete: () => (completed = true) });
    const events = eventsOf(pool);
    const pids = pidsOf(pool);
    const calls = [pool.analyse(picture), pool.analyse(picture), pool.analyse(picture), pool.reserve()];
    const closing = pool.close();
    expect(pool.close()).toBe(closing);
    for (const end of await Promise.allSettled(calls)) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'INFERENCE_CLOSED' } });
    }
    await closing;
    expect(pids.map(isAlive)).toEqual([false]);
    await pool[Symbol.asyncDispose]();
    await expect(pool.reserve()).rejects.toMatchObject({ code: 'INFERENCE_CLOSED' });
    await expect(pool.analyse(picture)).rejects.toMatchObject({ code: 'INFERENCE_CLOSED' });
    expect([completed, events]).toEqual([true, []]);
  });

  it.skipIf(process.platform !== 'linux')('also ends a successor that is still starting, after a crash', async () => {
    const children = () =>
      readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);
    const pool = await createInferencePool(options());
    const [first] = pidsOf(pool);
    const others = children().filter((pid) => pid !== first);
    process.kill(first!, 'SIGKILL');
    const successors = () => children().filter((pid) => pid > 0 && pid !== first && !others.includes(pid));
    await expect.poll(successors, { interval: 2 }).toHaveLength(1);
    const [successor] = successors();
    // It loads for a good while yet.
    expect([isAlive(successor!), pool.stats().processes]).toEqual([true, 0]);
    await pool.close();
    expect(isAlive(successor!)).toBe(false);
    expect(pool.stats()).toMatchObject({ processes: 0, restarts: 0 });
  });

  it.skipIf(process.platform !== 'linux')(
    'is done by the processes themselves when their parent is killed',
    async () => {
      const { log: _log, clock: _clock, ...sendable } = options();
      const parent = fork(new URL('../../support/orphaned-pool.ts', import.meta.url), [], {
        execArgv: [],
        serialization: 'advanced',
      });
      parent.send(sendable);
      const [pids] = (await once(parent, 'message')) as [number[]];
      expect(pids.map(isAlive)).toEqual([true]);
      parent.kill('SIGKILL');
      await expect.poll(() => pids.map(isAlive), { timeout: 10_000 }).toEqual([false]);
    },
  );
});
