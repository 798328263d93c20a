import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cameraSchema } from '../../../config/settings-schema.ts';
import type { CameraState } from '../../../pipeline/camera-status.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { RunningCamera } from '../../../server/cameras/running-camera.ts';
import { Turns } from '../../../server/cameras/turns.ts';
import { findFfmpeg } from '../../../sources/ffmpeg/ffmpeg-binary.ts';
import { cameraListener } from '../../support/camera-listener.ts';
import { fakeAnalyser } from '../../support/fake-analyser.ts';
import { FaultRtspServer } from '../../support/fault-rtsp-server.ts';
import { h264Video } from '../../support/h264-video.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';

describe.skipIf(!requirement('ffmpeg').met)('a camera whose pictures are analysed slowly', () => {
  it('has none decided on that was under way when it stalled', { timeout: 60_000 }, async () => {
    await using server = await FaultRtspServer.start({ video: h264Video() });
    const seen: { state: CameraState; sequence: number; degraded: boolean }[] = [];
    const taken: number[] = [];
    let analysisMs = 0;
    await using camera: RunningCamera = new RunningCamera(
      cameraSchema.parse({ id: 'front', url: server.url(), width: 320, fps: 10 }),
      {
        ffmpeg: await findFfmpeg({ pathVariable: process.env.PATH }),
        baseDir: '/',
        analyser: fakeAnalyser(async () => {
          await wait(analysisMs);
          return [];
        }),
        gallery: { search: async () => [] },
        threshold: 0.5,
        margin: 0,
        listener: cameraListener({
          analysing: ({ sequence }) => taken.push(sequence),
          result: ({ frame: { sequence, degraded } }) => seen.push({ state: camera.status.state, sequence, degraded }),
        }),
        clock: systemClock,
        log: recordedLog(),
      },
    );
    camera.start();
    await expect.poll(() => seen.some(({ degraded }) => !degraded), { timeout: 20_000 }).toBe(true);
    // The watchdog speaks after 5 s and connects anew after 10 s.
    analysisMs = 7500;
    await wait(500);
    server.fault = 'rtcp-only';
    const stalled = () => seen.filter(({ state }) => state === 'stalled');
    await expect.poll(() => stalled().length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(taken).toEqual(expect.arrayContaining(stalled().map(({ sequence }) => sequence)));
    expect(stalled().every(({ degraded }) => degraded)).toBe(true);
  });
});

describe.skipIf(!requirement('ffmpeg').met)('the turn of a camera', () => {
  /** One that shows the test picture, or a film, until it is closed; resolves when its first picture was analysed. */
  async function running(url: string, turns: Turns): Promise<RunningCamera> {
    const results = Promise.withResolvers<void>();
    const camera = new RunningCamera(cameraSchema.parse({ id: 'front', url, width: 320, fps: 10 }), {
      ffmpeg: await findFfmpeg({ pathVariable: process.env.PATH }),
      baseDir: '/',
      analyser: fakeAnalyser(async () => []),
      gallery: { search: async () => [] },
      threshold: 0.5,
      margin: 0,
      turns,
      listener: cameraListener({
        result: () => results.resolve(),
        fault: results.reject,
      }),
      clock: systemClock,
      log: recordedLog(),
    });
    camera.start();
    await results.promise;
    return camera;
  }

  it('is its own from its first connection until it is closed', { timeout: 30_000 }, async () => {
    const turns = new Turns({ first: 0 });
    const camera = await running('test:', turns);
    const second = turns.join();
    expect(second.at()).toBe(0.5);
    second.leave();
    await camera.close();
    await camera.close();
    expect(turns.join().at()).toBe(0);
  });
});
