import { expect, it } from 'vitest';
import type { LiveRig, Span } from '../../bench/live/live-rig.ts';
import { PacedCameras, sustains } from '../../bench/live/paced-cameras.ts';

/** A machine that can take three cameras at 5 frames a second; of more, each gets less, and five do not even start. */
function machineOfThree(): LiveRig {
  const cameras = new Set<string>();
  return {
    films: { url: (name: string) => `rtsp://127.0.0.1/${name}` },
    add: async ({ id }: { id: string }) => void cameras.add(id),
    remove: async (id: string) => void cameras.delete(id),
    running: async () => {
      if (cameras.size > 4) throw new Error('not within 60000 ms');
    },
    during: async (seconds: number): Promise<Span> => ({
      seconds,
      analysed: new Map([...cameras].map((id) => [id, (5 * seconds * Math.min(3, cameras.size)) / cameras.size])),
      dropped: new Map(),
      leftOut: 0,
      cpu: { server: 0, inference: 0, ffmpeg: 0, films: 0 },
      loopDelayP99Ms: 0,
    }),
  } as unknown as LiveRig;
}

it('counts cameras that never come to run as missing, and finds the most that hold', async () => {
  const said: string[] = [];
  const paced = new PacedCameras({ rig: machineOfThree(), fps: 5, say: (text) => said.push(text) });
  expect(sustains(await paced.trial(5, 60))).toBe(false);
  expect(said[0]).toBe('not within 60000 ms');
  const { cameras, confirmed } = await paced.sustained({ guess: 6, most: 8, trialSeconds: 60, confirmSeconds: 120 });
  expect([cameras, confirmed?.span.seconds]).toEqual([3, 120]);
  expect((await paced.confirmed(4, 60)).cameras).toBe(3);
  await expect(paced.set(5)).rejects.toThrow('not within');
});
