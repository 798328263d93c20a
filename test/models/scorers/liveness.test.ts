import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { scorerEntries } from '../../../models/catalog.ts';
import { createInferencePool, type InferencePool } from '../../../models/processes/inference-pool.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { readPicture } from '../../support/read-picture.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const photograph = (name: string) =>
  readPicture(join(sharedDir, 'media/spoof', `image_${name}.jpg`), (picture) => picture.autoOrient());

describe.skipIf(!requirement('shared').met)('liveness, through the inference processes', () => {
  const entries = scorerEntries('minifasnet');
  const threshold = entries[0]!.threshold;
  let together: InferencePool;
  let apart: InferencePool;

  beforeAll(async () => {
    const { models, recognition } = settingsSchema.parse({});
    const open = (settings: object) =>
      createInferencePool({
        detector: sharedModel('retinaface-mobilenet025'),
        embedder: sharedModel('mobilefacenet-arcface-128d'),
        scorers: [{ name: 'minifasnet', models: entries.map(({ name }) => sharedModel(name)), settings }],
        settings: {
          detector: models.detector,
          oodThreshold: recognition.oodThreshold,
          providers: models.providers,
        },
        processes: 1,
        log: recordedLog(),
        clock: systemClock,
      });
    [together, apart] = await Promise.all([open({}), open({ isolation: 'process' })]);
  });
  afterAll(() => Promise.all([together?.close(), apart?.close()]));

  it('counts both networks of the pair', () => {
    expect(entries.map(({ crop }) => crop)).toEqual([2.7, 4]);
  });

  it.each([
    ['T1', 'a person in front of the camera', true],
    ['F1', 'a photograph of a print', false],
    ['F2', 'a photograph of a screen', false],
  ])('image_%s is %s: live is %s', async (name, _, live) => {
    const { faces } = await together.analyse(await photograph(name));
    expect(faces).toHaveLength(1);
    expect(faces[0]!.scores.liveness! >= threshold).toBe(live);
    expect(faces[0]!.embedding).not.toBeNull();
  });

  it('is the same in a process of its own, but for the rounding of the crops', async () => {
    const image = await photograph('F1');
    const [here, there] = [await together.analyse(image), await apart.analyse(image)];
    expect(there.faces[0]!.scores.liveness).toBeCloseTo(here.faces[0]!.scores.liveness!, 1);
  });

  it.each([
    ['scores', true, false],
    ['detections', false, false],
    ['embeddings', true, true],
  ] as const)('asked for %s: scores %s, embedding %s', async (want, scored, embedded) => {
    const [face] = (await together.analyse(await photograph('T1'), { want })).faces;
    expect('liveness' in face!.scores).toBe(scored);
    expect(face!.embedding !== null).toBe(embedded);
  });
});
