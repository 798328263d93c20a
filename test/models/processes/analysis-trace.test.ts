import { beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { createInferencePool } from '../../../models/processes/inference-pool.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { readPicture } from '../../support/read-picture.ts';
import { readyModels } from '../../support/ready-models.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const scorers = [{ name: 'minifasnet', models: [sharedModel('minifasnet-v2-crop2.7')], settings: {} }];

describe.skipIf(!requirement('shared').met)('what an analysis took', () => {
  let picture: PixelImage;
  beforeAll(async () => {
    const decoded = await readPicture(faceApiPicture(1), (sharp) => sharp.resize(640));
    const data = new Uint8Array(new SharedArrayBuffer(decoded.data.byteLength));
    data.set(decoded.data);
    picture = { ...decoded, data };
  });

  async function open(detector: 'shared' | 'process' | 'thread', embedder: 'shared' | 'process') {
    const { models } = settingsSchema.parse({});
    return createInferencePool({
      ...(await readyModels()),
      scorers,
      settings: {
        detector: { ...models.detector, isolation: detector, deadlineMs: 20_000 },
        embedder: { ...models.embedder, isolation: embedder },
        oodThreshold: 0.4,
        providers: 'auto',
      },
      processes: 1,
      log: recordedLog(),
      clock: systemClock,
    });
  }

  const HERE = ['preprocess', 'detect', 'postprocess', 'align', 'embed', 'align', 'embed', 'align', 'embed', 'score'];

  it.each([
    ['in one process', 'shared', 'shared', HERE],
    [
      'in a process of its own for each',
      'process',
      'shared',
      ['preprocess', 'detect', 'postprocess', 'align', 'score', 'embed'],
    ],
    ['in a thread', 'thread', 'shared', ['preprocess', 'detect', 'postprocess', 'align', 'score', 'embed']],
    [
      'with the embedder elsewhere',
      'shared',
      'process',
      ['preprocess', 'detect', 'postprocess', 'align', 'score', 'embed'],
    ],
  ] as const)(
    'is told by this process’s clock, in order and without overlap, %s',
    async (_, detector, embedder, stages) => {
      await using pool = await open(detector, embedder);
      const beforeMs = systemClock.monotonicMs();
      const { timings, faces } = await pool.analyse(picture, { trace: true });
      const afterMs = systemClock.monotonicMs();
      expect(faces).toHaveLength(3);
      const { place, spans } = timings.trace!;
      expect(place).toMatch(detector === 'thread' ? /^process \d+ thread \d+$/ : /^process \d+$/);
      expect(spans.map(({ stage }) => stage)).toEqual(detector === 'shared' ? stages : [...new Set(stages)]);
      let endMs = beforeMs;
      for (const { fromMs, untilMs } of spans) {
        // Two readings of two processes' distances to the machine's clock lie between them.
        expect(fromMs).toBeGreaterThanOrEqual(endMs - 0.1);
        expect(untilMs).toBeGreaterThanOrEqual(fromMs);
        endMs = untilMs;
      }
      expect(endMs).toBeLessThanOrEqual(afterMs + 0.1);
      const of = (stage: string) =>
        spans.reduce((sum, span) => sum + (span.stage === stage ? span.untilMs - span.fromMs : 0), 0);
      // What is said of the boxes afterwards (size, pose) is in it as well.
      expect(of('preprocess') + of('detect') + of('postprocess')).toBeGreaterThan(timings.detect - 0.2);
    },
  );

  it('is not told where nobody asks', async () => {
    await using pool = await open('shared', 'shared');
    expect((await pool.analyse(picture)).timings).not.toHaveProperty('trace');
  });
});
