import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../config/settings-schema.ts';
import { createInferencePool } from '../../models/inference/inference-pool.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { faceApiPicture } from '../support/face-api-picture.ts';
import { readPicture } from '../support/read-picture.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';
import { sharedModel } from '../support/shared-model.ts';
import { softwareVulkan } from '../support/software-vulkan.ts';

describe.skipIf(!requirement('webgpu').met || !requirement('shared').met)('embeddings on WebGPU', () => {
  it('are those of the CPU, to a cosine of 0.999', { timeout: 180_000 }, async () => {
    using vulkan = softwareVulkan();
    const picture = await readPicture(faceApiPicture(1));
    const facesOn = async (provider: string) => {
      const { models, recognition } = settingsSchema.parse({
        models: {
          // Shaders are compiled for every size of a batch.
          batch: { most: 1 },
          detector: { maxFaces: 2, providers: ['cpu'] },
          embedder: { providers: [provider], deadlineMs: 120_000 },
        },
      });
      await using pool = await createInferencePool({
        detector: sharedModel('retinaface-mobilenet025'),
        embedder: sharedModel('mobilefacenet-arcface-128d'),
        settings: { ...models, oodThreshold: recognition.oodThreshold },
        processes: 1,
        environment: vulkan.environment,
        log: recordedLog(),
        clock: systemClock,
      });
      const { faces } = await pool.analyse(picture, { deadlineMs: 120_000 });
      return { faces, embedder: pool.roles().find(({ role }) => role === 'embedder') };
    };
    const cpu = await facesOn('cpu');
    const gpu = await facesOn('webgpu');
    expect(gpu.embedder).toMatchObject({ provider: 'webgpu', degraded: false });
    expect(cpu.faces.length).toBeGreaterThan(0);
    expect(gpu.faces).toHaveLength(cpu.faces.length);
    for (const [at, face] of gpu.faces.entries()) {
      const [a, b] = [face.embedding?.vector, cpu.faces[at]?.embedding?.vector];
      if (!a || !b) throw new Error('a face was not embedded');
      const cosine = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
      expect(cosine).toBeGreaterThanOrEqual(0.999);
      // They were computed, not handed over: rounding differs.
      expect([...a]).not.toEqual([...b]);
    }
  });
});
