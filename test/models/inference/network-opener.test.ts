import { beforeAll, describe, expect, it } from 'vitest';
import { NetworkOpener } from '../../../models/inference/network-opener.ts';
import { starterModels } from '../../support/ready-models.ts';

describe('NetworkOpener', () => {
  let models: Awaited<ReturnType<typeof starterModels>>;
  beforeAll(async () => {
    models = await starterModels();
  }, 120_000);

  const open = (providers: readonly string[]) =>
    new NetworkOpener().open('embedder', { model: models.embedder, providers }, [[1, 3, 150, 150]]);

  it('names the network that a strict list keeps from starting, and how to allow the CPU', async () => {
    await expect(open(['coreml', 'DmlExecutionProvider'])).rejects.toMatchObject({
      code: 'MODEL_PROVIDER_UNAVAILABLE',
      message: expect.stringMatching(/^the embedder: .* set providers: \[coreml, dml, cpu\]$/s),
    });
  });

  it('leaves another failure as it is', async () => {
    await expect(open(['gpu'])).rejects.toMatchObject({
      message: expect.stringMatching(/^"gpu" is no execution provider/),
    });
  });
});
