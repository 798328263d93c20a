import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../config/settings-schema.ts';
import { type OpenedAnalyser, openAnalyser } from '../../models/open-analyser.ts';
import type { AnalysedFace } from '../../pipeline/face.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { faceApiPicture } from '../support/face-api-picture.ts';
import { readPicture } from '../support/read-picture.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

describe.skipIf(!requirement('shared').met)('openAnalyser', () => {
  it.each([
    ['yunet-2023mar', 'models'],
    ['scrfd-500m-bnkps', 'models/research'],
  ])('recognises with %s as the settings name it, in inference processes', async (model, mirror) => {
    const { models } = settingsSchema.parse({ models: { detector: { model }, processes: 1 } });
    const dir = await mkdtemp(join(tmpdir(), 'facegate-analyser-'));
    try {
      const { analyser, why } = await openAnalyser({
        models,
        oodThreshold: 0,
        dir,
        mirrors: [join(sharedDir, mirror), join(sharedDir, 'models')],
        starter: false,
        clock: systemClock,
        log: recordedLog(),
      });
      await using pool = analyser;
      expect(why).toContain(`detector ${model} (as the settings say; mirror`);
      expect(pool.roles()).toContainEqual(expect.objectContaining({ role: 'detector', model, degraded: false }));
      const { faces } = await pool.analyse(await readPicture(faceApiPicture(1)));
      expect(faces).toHaveLength(3);
      for (const { embedding, unfit } of faces) {
        expect(unfit).toBeNull();
        expect(embedding!.vector).toHaveLength(128);
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  const INT8 = { detector: { precision: 'int8' }, embedder: { precision: 'int8' }, processes: 1 } as const;
  const opened = async (input: object, use: (opened: OpenedAnalyser) => Promise<void>) => {
    const dir = await mkdtemp(join(tmpdir(), 'facegate-analyser-'));
    const { models } = settingsSchema.parse({ models: input });
    const mirrors = [join(sharedDir, 'models')];
    const log = recordedLog();
    try {
      const all = await openAnalyser({
        models,
        oodThreshold: 0,
        dir,
        mirrors,
        starter: false,
        clock: systemClock,
        log,
      });
      await using _ = all.analyser;
      await use(all);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  };

  it('finds and knows the same people in int8, under names of its own, on the CPU', async () => {
    const picture = await readPicture(faceApiPicture(1));
    let exact: readonly AnalysedFace[] = [];
    await opened({ processes: 1 }, async ({ analyser }) => {
      exact = (await analyser.analyse(picture)).faces;
    });
    await opened(INT8, async ({ analyser, embedder }) => {
      expect(embedder.name).toBe('mobilefacenet-arcface-128d-int8');
      expect(analyser.roles().map(({ model, provider }) => [model, provider])).toEqual([
        ['retinaface-mobilenet025-int8', 'cpu'],
        ['mobilefacenet-arcface-128d-int8', 'cpu'],
      ]);
      const { faces } = await analyser.analyse(picture);
      expect(faces).toHaveLength(exact.length);
      for (const face of faces) {
        const nearest = Math.max(...exact.map((other) => cosineOf(face, other)));
        expect(face.embedding!.model).toBe('mobilefacenet-arcface-128d-int8');
        // Landmarks move a little too.
        expect(nearest).toBeGreaterThan(0.9);
        expect(nearest).toBeLessThan(0.99999);
      }
    });
  });

  it('refuses int8 where the settings want a GPU, or weights whose values nobody has seen', async () => {
    const gpu = { ...INT8, providers: ['cuda', 'cpu'] };
    await expect(opened(gpu, async () => {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('models.detector.precision: int8 runs on the CPU'),
    });
    const other = { detector: { model: 'yunet-2023mar', precision: 'int8' } };
    await expect(opened(other, async () => {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('not for yunet-2023mar'),
    });
  });
});

function cosineOf(a: AnalysedFace, b: AnalysedFace): number {
  return a.embedding!.vector.reduce((sum, value, i) => sum + value * b.embedding!.vector[i]!, 0);
}
