import { describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { requirement } from '../support/requirements.ts';

interface Seen {
  /** When it came, by the machine's clock, seconds. */
  readonly at: number;
  readonly pts: number;
}

/** Pictures of a camera that sends 25 a second. */
async function pictures(o: { fps: number; turn: number; count: number }): Promise<Seen[]> {
  const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
  const camera = cameraSchema.parse({ id: 'front', url: 'test:', width: 320, fps: o.fps });
  const source = createSource(camera, { ffmpeg, clock: systemClock, log: silentLog, baseDir: '/', turn: () => o.turn });
  const link = new CameraLink(source, { clock: systemClock, log: silentLog });
  const seen: Seen[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      link.frames().subscribe({
        next: (frame) => {
          seen.push({ at: Date.now() / 1000, pts: frame.ptsSeconds ?? Number.NaN });
          frame.release();
          if (seen.length === o.count) resolve();
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
function middle(moments: readonly number[], turn: number): number {
  const ways = moments.map((moment) => ((moment - turn + 1.5) % 1) - 0.5).sort((a, b) => a - b);
  return ways[Math.floor(ways.length / 2)]!;
}

describe.skipIf(!requirement('ffmpeg').met)('pictures of cameras with turns', () => {
  it('come soon after each one’s own time, and until then once one more is left out', { timeout: 60_000 }, async () => {
    // Every tenth: what the camera sends is a multiple, so that it keeps its turn.
    const fps = 2.5;
    const turns = [0, 0.25, 0.5, 0.75];
    const all = await Promise.all(turns.map((turn) => pictures({ fps, turn, count: 22 })));
    for (const [i, turn] of turns.entries()) {
      const seen = all[i]!;
      const moments = seen.slice(-8).map(({ at }) => (at * fps) % 1);
      // What a busy machine takes for the way is in it.
      const way = middle(moments, turn);
      const gaps = seen.slice(1).map(({ pts }, j) => Math.round((pts - seen[j]!.pts) * 25));
      expect([turn, way > -0.05, way < 0.35]).toEqual([turn, true, true]);
      expect(gaps.filter((frames) => frames !== 10).length).toBeLessThanOrEqual(1);
      expect(Math.max(...gaps)).toBeLessThan(20);
    }
  });

  it('are held once only where they slowly leave it', { timeout: 60_000 }, async () => {
    // Every fifth: 5 a second, so that each comes 0.02 of the time later than the one before, and is in turn for a dozen.
    const seen = await pictures({ fps: 5.1, turn: 0, count: 90 });
    const gaps = seen.slice(1).map(({ pts }, j) => Math.round((pts - seen[j]!.pts) * 25));
    expect(gaps.filter((frames) => frames > 5).length).toBeLessThanOrEqual(1);
  });

  it('are no fewer where the camera cannot keep its turn', { timeout: 60_000 }, async () => {
    // Every fourth: 6.25 a second. Held at each one that is out of turn, it would be 4.5.
    const seen = await pictures({ fps: 8, turn: 0, count: 40 });
    const perSecond = (seen.length - 1) / (seen.at(-1)!.pts - seen[0]!.pts);
    expect(perSecond).toBeGreaterThan(6);
  });
});
