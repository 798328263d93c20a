import { describe, expect, it } from 'vitest';
import { withDeviceOverrides } from '../../config/device-overrides.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { settingsSchema } from '../../config/settings-schema.ts';

const models = settingsSchema.parse({
  models: {
    detector: { device: 'cuda:0', providers: ['cuda'] },
    embedder: { isolation: 'process' },
    scorers: [{ model: 'minifasnet', providers: ['cuda', 'cpu'] }],
  },
}).models;

describe('withDeviceOverrides', () => {
  it('leaves everything where it is while nothing, or an empty text, is set', () => {
    expect(withDeviceOverrides(models, {})).toEqual(models);
    expect(withDeviceOverrides(models, { FACE_DETECTION_DEVICE: '' })).toEqual(models);
  });

  it.each([
    ['FACE_DETECTION_DEVICE', 'detector'],
    ['FACE_RECOGNITION_DEVICE', 'embedder'],
  ] as const)('moves with %s the %s alone, and forgets the providers of the old device', (variable, role) => {
    const moved = withDeviceOverrides(models, { [variable]: 'cpu' });
    const { providers: _, ...rest } = models[role];
    expect(moved).toEqual({ ...models, [role]: { ...rest, device: 'cpu' } });
    expect(moved[role].providers).toBeUndefined();
  });

  it('moves all scorers with LIVENESS_DETECTION_DEVICE', () => {
    const { scorers } = withDeviceOverrides(models, { LIVENESS_DETECTION_DEVICE: 'MIG-1/2/0' });
    expect(scorers).toMatchObject([{ model: 'minifasnet', device: 'MIG-1/2/0' }]);
  });

  it.each(['gpu', 'cuda:x', 'MIG-', ' cpu', 'CPU'])('names the variable when it says %j', (value) => {
    expect(() => withDeviceOverrides(models, { FACE_RECOGNITION_DEVICE: value })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(
          `the environment variable FACE_RECOGNITION_DEVICE must be "cpu", "cuda:0" (a GPU by its number)`,
        ),
      }),
    );
  });
});

describe('loadSettings', () => {
  it('lets the variables say where networks run, and warns of one that is about none', () => {
    const { settings, warnings } = loadSettings({
      env: { FACE_DETECTION_DEVICE: 'cuda:1', LIVENESS_DETECTION_DEVICE: 'cpu' },
    });
    expect(settings.models.detector.device).toBe('cuda:1');
    expect(warnings).toEqual([expect.stringContaining('LIVENESS_DETECTION_DEVICE')]);
  });
});
