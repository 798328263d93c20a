import { expect, it } from 'vitest';
import { cameraLimit, type NetworkCost } from '../../bench/live/cost-limit.ts';

const CPU: NetworkCost = {
  detectMs: { alone: 10, coresBusy: 20 },
  embedMs: { alone: 5, coresBusy: 10 },
  device: null,
};
const ASKED = { cores: 2, fps: 5, facesPerFrame: 2, decoding: { alone: 0.1, coresBusy: 0.2 } };

it('divides the cores by what decoding and networks take of them for a second of a camera', () => {
  // 0.1 + 5 × (10 + 2 × 5) ms
  expect(cameraLimit({ ...ASKED, networks: CPU, as: 'alone' })).toBeCloseTo(2 / 0.2);
  expect(cameraLimit({ ...ASKED, networks: CPU, as: 'coresBusy' })).toBeCloseTo(2 / 0.4);
});

it('is no more than the GPU can do of one picture after the other', () => {
  const slow = { ...CPU, device: { detectMs: 40, embedMs: 20 } };
  expect(cameraLimit({ ...ASKED, networks: slow, as: 'alone' })).toBeCloseTo(1000 / (5 * 80));
  const fast = { ...CPU, device: { detectMs: 1, embedMs: 0.5 } };
  expect(cameraLimit({ ...ASKED, networks: fast, as: 'alone' })).toBeCloseTo(2 / 0.2);
});
