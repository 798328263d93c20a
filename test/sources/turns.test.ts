import { describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { requirement } from '../support/requirements.ts';

const FPS = 2;

/** When pictures of a camera with 25 a second come: shares of the time between two of them, by the machine's clock. */
async function moments(turn: number | null, count: number): Promise<number[]> {
  const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
  const camera = cameraSchema.parse({ id: 'front', url: 'test:', width: 320, fps: FPS });
  const source = createSource(camera, { ffmpeg, clock: systemClock, log: silentLog, baseDir: '/', turn });
  const link = new CameraLink(source, { clock: systemClock, log: silentLog });
  const seen: number[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      link.frames().subscribe({
        next: (frame) => {
          seen.push(((Date.now() / 1000) * FPS) % 1);
          frame.release();
          if (seen.length === count) resolve();
        },
        error: reject,
      });
    });
  } finally {
    await link.close();
  }
  return seen;
}

/** The middle one of the ways from `turn` on, -0.5..0.5. */
function middle(at: readonly number[], turn: number): number {
  const ways = at.map((moment) => ((moment - turn + 1.5) % 1) - 0.5).sort((a, b) => a - b);
  return ways[Math.floor(ways.length / 2)]!;
}

describe.skipIf(!requirement('ffmpeg').met)('pictures of cameras with turns', () => {
  it('come within the first third of each one’s own time', { timeout: 60_000 }, async () => {
    const turns = [0, 0.25, 0.5, 0.75];
    const all = await Promise.all(turns.map((turn) => moments(turn, 10)));
    for (const [i, turn] of turns.entries()) {
      // The first one comes when it comes. What a busy machine takes for the way is in it.
      const way = middle(all[i]!.slice(2), turn);
      expect([turn, way > -0.05, way < 0.45]).toEqual([turn, true, true]);
    }
  });
});
