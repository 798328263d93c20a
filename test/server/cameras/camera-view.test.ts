import { expect, it } from 'vitest';
import { cameraSchema } from '../../../config/settings-schema.ts';
import { cameraView } from '../../../server/cameras/camera-view.ts';
import type { KnownCamera } from '../../../server/cameras/known-camera.ts';

it('says times as the live socket does, in tenths of a millisecond', () => {
  const settings = cameraSchema.parse({ id: 'front', url: 'rtsp://10.0.0.5/s' });
  const latest = {
    timings: { queue: 0.0123456789, detect: 15.123456789, embed: 5.25, identify: 0.04, total: 20.42345678901 },
    width: 1280,
    height: 720,
    ageAt: () => 84.123456,
  };
  const view = cameraView(
    {
      settings,
      origin: { kind: 'config', settings, conflict: null },
      running: {
        latest,
        counts: undefined,
        effectiveFps: 4.123456,
        stream: null,
        rates: { decoded: 25, received: 5, analysed: 5 },
      } as unknown as KnownCamera['running'],
      status: {
        state: 'running',
        code: null,
        message: null,
        sinceMs: 0,
        retryAtMs: null,
        connections: 1,
        streamInUse: null,
      },
      reconnects: { counts: { lastHour: 0, total: 0 } },
    } as unknown as KnownCamera,
    [],
    0,
  );
  expect(view.timings).toEqual({ queue: 0, detect: 15.1, embed: 5.3, identify: 0, total: 20.4 });
  expect(JSON.stringify(view)).not.toMatch(/\d\.\d{4,}/);
});
