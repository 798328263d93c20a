import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../config/settings-schema.ts';
import { openAnalyser } from '../../models/open-analyser.ts';
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
});
