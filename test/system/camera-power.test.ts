import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { eventually } from '../support/eventually.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { TestFilms } from '../support/test-film.ts';

/** How often the camera loses its power; 30 for the long form. */
const KILLS = Number(process.env.FACEGATE_RTSP_KILLS ?? 4);
const BACK_WITHIN_MS = 5000;

describe.skipIf(!requirement('rtsp').met || !requirement('ffmpeg').met)('a camera that loses its power', () => {
  let films: TestFilms;
  let film: string;
  let ffmpeg: FfmpegBinary;
  beforeAll(async () => {
    films = await TestFilms.create();
    film = await films.draw({ seconds: 60 });
    ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
  });
  afterAll(() => films?.[Symbol.asyncDispose]());

  it(
    `${KILLS} times has pictures within 5 s of coming back, while it is tried every second`,
    async () => {
      let camera = await RtspServer.start({ film });
      const { port } = camera;
      const took: number[] = [];
      try {
        for (let kill = 0; kill < KILLS; kill += 1) {
          // A link of its own for each: the pauses of one that was good for 30 s start at a second, too.
          const log = recordedLog();
          const settings = cameraSchema.parse({ id: 'front', url: camera.url(), width: 320 });
          const source = createSource(settings, { ffmpeg, clock: systemClock, log, baseDir: '/' });
          const link = new CameraLink(source, { clock: systemClock, log });
          let frames = 0;
          link.frames().subscribe((frame) => {
            frames += 1;
            frame.release();
          });
          await eventually('pictures come', () => frames > 2);
          await camera.close();
          await eventually('it is missed', () => link.status.state === 'reconnecting');
          camera = await RtspServer.start({ film, port });
          const back = performance.now();
          const before = frames;
          await eventually('pictures come again', () => frames > before);
          took.push(performance.now() - back);
          await link.close();
          expect(source.pids()).toEqual([]);
        }
      } finally {
        await camera.close();
      }
      process.stderr.write(`pictures after ${Math.round(Math.max(...took))} ms at most\n`);
      expect(took).toHaveLength(KILLS);
      expect(Math.max(...took)).toBeLessThan(BACK_WITHIN_MS);
    },
    30_000 + KILLS * 20_000,
  );
});
