import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { map, toArray } from 'rxjs/operators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { createSource } from '../../sources/create-source.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { requirement } from '../support/requirements.ts';

describe.skipIf(!requirement('ffmpeg').met)('a connection that has lasted for more than a day', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'facegate-long-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  // ffmpeg before 7 writes 100000.04 as 100000: pictures of one second would be one picture to a door, which counts different ones.
  it('still tells its pictures apart by their timestamps', async () => {
    const film = join(dir, 'film.mkv');
    execFileSync('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=0.44'],
      ...['-vf', 'setpts=PTS+gte(N\\,1)*100000/TB', '-fps_mode', 'passthrough', '-c:v', 'ffv1', film],
    ]);
    const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
    const camera = cameraSchema.parse({ id: 'long', url: `file:${film}`, fps: 25 });
    const source = createSource(camera, { ffmpeg, clock: systemClock, log: silentLog, baseDir: dir });
    const times = await lastValueFrom(
      source.frames().pipe(
        map((frame) => {
          frame.release();
          return frame.ptsSeconds!;
        }),
        toArray(),
      ),
    );
    const late = times.filter((seconds) => seconds > 1000);
    expect(late.length).toBe(10);
    expect(late.map((seconds) => Math.round((seconds - 100_000) * 100))).toEqual([
      4, 8, 12, 16, 20, 24, 28, 32, 36, 40,
    ]);
  });
});
