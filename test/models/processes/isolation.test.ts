import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { createInferencePool, type InferencePool } from '../../../models/processes/inference-pool.ts';
import type { AnalysedFace } from '../../../pipeline/face.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { readPicture } from '../../support/read-picture.ts';
import { readyModels } from '../../support/ready-models.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

type Isolation = 'shared' | 'process' | 'thread';

async function open(isolation: { detector?: Isolation; embedder?: Isolation; liveness?: Isolation } = {}) {
  const { detector, embedder } = settingsSchema.parse({}).models;
  return createInferencePool({
    ...(await readyModels()),
    scorers: [
      {
        name: 'minifasnet',
        models: [sharedModel('minifasnet-v2-crop2.7'), sharedModel('minifasnet-v1se-crop4.0')],
        settings: { isolation: isolation.liveness ?? 'shared' },
      },
    ],
    settings: {
      detector: { ...detector, isolation: isolation.detector ?? 'shared', deadlineMs: 20_000 },
      embedder: { ...embedder, isolation: isolation.embedder ?? 'shared' },
      oodThreshold: 0.4,
      providers: 'auto',
    },
    processes: 1,
    log: recordedLog(),
    clock: systemClock,
  });
}

const cosine = (a: AnalysedFace, b: AnalysedFace) =>
  a.embedding!.vector.reduce((sum, value, i) => sum + value * b.embedding!.vector[i]!, 0);

function isolations(pool: InferencePool): string[] {
  return pool.roles().map(({ role, isolation, processes }) => `${role} ${isolation} ${processes}`);
}

describe.skipIf(!requirement('shared').met)('networks that live apart', () => {
  let picture: PixelImage;
  let together: readonly AnalysedFace[];
  beforeAll(async () => {
    const decoded = await readPicture(faceApiPicture(1), (sharp) => sharp.resize(640));
    const data = new Uint8Array(new SharedArrayBuffer(decoded.data.byteLength));
    data.set(decoded.data);
    picture = { ...decoded, data };
    await using pool = await open();
    expect(pool.stats().processes).toBe(1);
    together = (await pool.analyse(picture)).faces;
    expect(together).toHaveLength(3);
    for (const { scores } of together) expect(scores.liveness).toBeGreaterThan(0);
  });

  it.each([
    [{ embedder: 'process' }, ['detector shared 1', 'scorer shared 1', 'scorer shared 1', 'embedder process 1']],
    [{ liveness: 'process' }, ['detector shared 1', 'embedder shared 1', 'scorer process 1', 'scorer process 1']],
    [{ detector: 'process' }, ['detector process 1', 'embedder shared 1', 'scorer shared 1', 'scorer shared 1']],
    [
      { detector: 'process', embedder: 'process', liveness: 'process' },
      ['detector process 1', 'embedder process 1', 'scorer process 1', 'scorer process 1'],
    ],
    [
      { detector: 'thread', embedder: 'thread', liveness: 'thread' },
      ['detector thread 1', 'embedder thread 1', 'scorer thread 1', 'scorer thread 1'],
    ],
  ] as [Parameters<typeof open>[0], string[]][])(
    'say what they say together, but for the rounding of crops: %j',
    async (isolation, expected) => {
      await using pool = await open(isolation);
      expect(isolations(pool)).toEqual(expected);
      const { faces, timings } = await pool.analyse(picture);
      expect(faces).toHaveLength(together.length);
      for (const [i, face] of faces.entries()) {
        const same = together[i]!;
        expect([face.box, face.landmarks, face.confidence, face.unfit]).toEqual([
          same.box,
          same.landmarks,
          same.confidence,
          same.unfit,
        ]);
        expect(cosine(face, same)).toBeGreaterThan(0.999);
        expect(face.embedding!.vector.buffer.byteLength).toBe(face.embedding!.vector.byteLength);
        expect(face.quality).toBeCloseTo(same.quality!, 1);
        expect(face.scores.liveness).toBeCloseTo(same.scores.liveness!, 1);
      }
      expect(timings.embed).toBeGreaterThan(0);
      // Whoever wants no more gets no crops cut, and nothing is lost of many at once.
      expect((await pool.analyse(picture, { want: 'detections' })).faces[0]).toMatchObject({
        embedding: null,
        scores: {},
      });
      const many = await Promise.all(Array.from({ length: 6 }, () => pool.analyse(picture)));
      for (const each of many) expect(each.faces).toEqual(faces);
    },
  );

  it('judge live faces and pictures of faces alike wherever they run', async () => {
    await using pool = await open({ liveness: 'process' });
    const liveness = async (name: string) => {
      const image = await readPicture(join(sharedDir, 'media/spoof', name));
      return (await pool.analyse(image)).faces[0]!.scores.liveness!;
    };
    const files = readdirSync(join(sharedDir, 'media/spoof'));
    const file = (start: string) => files.find((each) => each.startsWith(start))!;
    expect(await liveness(file('image_T1'))).toBeGreaterThan(0.5);
    expect(await liveness(file('image_F1'))).toBeLessThan(0.5);
    expect(await liveness(file('image_F2'))).toBeLessThan(0.5);
  });

  it('lose no picture when one of them is killed: what needs it waits, the rest goes on', async () => {
    await using pool = await open({ embedder: 'process' });
    const pids = pool.stats().perProcess.map(({ pid }) => pid);
    const detecting = Array.from({ length: 12 }, async () => {
      const slot = await pool.reserve();
      return slot.analyse(picture, { want: 'detections' });
    });
    const embedding = pool.analyse(picture);
    process.kill(pids[1]!, 'SIGKILL');
    await expect(embedding).resolves.toMatchObject({ faces: { length: 3 } });
    for (const { faces } of await Promise.all(detecting)) expect(faces).toHaveLength(3);
    await expect.poll(() => pool.stats().processes, { timeout: 20_000 }).toBe(2);
    expect(pool.stats().perProcess.map(({ pid }) => pid)).toContain(pids[0]);
    expect((await pool.analyse(picture)).faces[0]!.embedding).not.toBeNull();
  });

  it('give up a picture whose embedder does not come back in time, without blaming the detector', async () => {
    await using pool = await open({ embedder: 'process' });
    const events: string[] = [];
    pool.changes.subscribe(({ type }) => events.push(type));
    const [, embedding] = pool.stats().perProcess.map(({ pid }) => pid);
    process.kill(embedding!, 'SIGSTOP');
    await expect(pool.analyse(picture, { deadlineMs: 1500 })).rejects.toMatchObject({
      code: 'INFERENCE_DEADLINE',
      message: `inference process ${embedding} did not answer within 1500 ms`,
    });
    // Its successor is not there yet: what needs it does not wait for ever.
    await expect(pool.analyse(picture, { deadlineMs: 100, want: 'embeddings' })).rejects.toMatchObject({
      code: 'INFERENCE_DEADLINE',
    });
    await expect.poll(() => events, { timeout: 20_000 }).toContain('replaced');
    expect((await pool.analyse(picture)).faces).toHaveLength(3);
  });

  it.skipIf(process.platform !== 'linux')('are run at a lower priority than the server, as what decodes', async () => {
    await using pool = await open({ embedder: 'process' });
    const pids = pool.stats().perProcess.map(({ pid }) => pid);
    expect(pids).toHaveLength(2);
    for (const pid of pids) {
      const threads = readdirSync(`/proc/${pid}/task`).map((thread) => nicenessOf(`${pid}/task/${thread}`));
      expect(new Set(threads)).toEqual(new Set([getPriority() + 2]));
    }
  });

  describe('in threads', () => {
    let pool: InferencePool;
    beforeAll(async () => {
      pool = await open({ detector: 'thread', embedder: 'thread', liveness: 'thread' });
    });
    afterAll(() => pool.close());

    it.skipIf(process.platform !== 'linux')('start no process', () => {
      expect(pool.stats().perProcess.every(({ pid }) => pid === process.pid)).toBe(true);
      const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
      expect(children.split(' ').filter((pid) => pid !== '' && isInference(Number(pid)))).toEqual([]);
    });

    it.skipIf(process.platform !== 'linux')('have a lower priority than the rest of the program', () => {
      const others = readdirSync('/proc/self/task').map((thread) => nicenessOf(`self/task/${thread}`));
      expect(nicenessOf('self')).toBe(getPriority());
      // Three threads; what they start takes it on.
      expect(others.filter((niceness) => niceness === getPriority() + 2).length).toBeGreaterThanOrEqual(3);
      expect(others).toContain(getPriority());
    });

    it('are asked to stop in the middle of their work, finish it, and end without ending the program', async () => {
      const calls = [pool.analyse(picture), pool.analyse(picture)];
      await pool.analyse(picture, { want: 'detections' }).catch(() => {});
      const closing = pool.close();
      for (const end of await Promise.allSettled(calls)) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'INFERENCE_CLOSED' });
      }
      await closing;
      expect(pool.stats().processes).toBe(0);
      await pool.close();
    });
  });
});

/** Of a thread, or of the main thread of a process, by its folder below /proc. */
function nicenessOf(task: string): number {
  const stat = readFileSync(`/proc/${task}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

function isInference(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('inference-process');
  } catch {
    return false;
  }
}
