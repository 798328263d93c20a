import { describe, expect, it } from 'vitest';
import { selfTest } from '../../../models/runtime/self-test.ts';

describe('the self-test of a provider', () => {
  it('runs convolutions on the CPU and says how long they take', async () => {
    const result = await selfTest('cpu');
    expect(result).toMatchObject({ provider: 'cpu', deviation: 0 });
    // Three convolutions and a matrix product.
    expect(result.nodes).toEqual({ cpu: 4 });
    expect(result.latencyMs).toBeGreaterThan(0);
    expect(result.startMs).toBeGreaterThan(result.latencyMs);
  });

  it('refuses a provider that is not there, with what to install', async () => {
    await expect(selfTest('dml')).rejects.toMatchObject({
      code: 'MODEL_PROVIDER_UNAVAILABLE',
      message: expect.stringContaining('Windows only'),
    });
  });
});
