import { describe, expect, it } from 'vitest';
import { FrozenWatch } from '../../../sources/health/frozen-watch.ts';
import { requirement } from '../../support/requirements.ts';
import { type WatchedLife, watchedClip } from '../../support/watched-clip.ts';

/** How long the scenes are in which nothing may be taken for frozen, minutes; 10 on demand. */
const MINUTES = Number(process.env.FACEGATE_FROZEN_MINUTES ?? 0.25);
/** What coarse noise adds up to shows after a quarter of a minute only. */
const NIGHT_MINUTES = Math.max(MINUTES, 0.4);

const X264 = '-pix_fmt yuv420p -c:v libx264 -preset veryfast -bf 0';
const CAMERA = '-tune zerolatency';
const ENCODERS: readonly (readonly [name: string, arguments: string])[] = [
  ['H.264, constant quality, a key frame each second', `${X264} -preset ultrafast -crf 23 -g 25`],
  ['H.264, constant quality, a key frame each 2 s', `${X264} -crf 23 -g 50`],
  [
    'H.265, 1 Mbit/s, a key frame each second',
    '-pix_fmt yuv420p -c:v libx265 -preset ultrafast -x265-params log-level=0:bframes=0:keyint=25 -b:v 1M',
  ],
  ['MPEG-4, 2 Mbit/s', '-pix_fmt yuv420p -c:v mpeg4 -b:v 2M -g 25'],
];
const SIZE = '1280x720';

// What a camera sees at night: dim, with some texture, noisy. Drawn once and repeated; the noise is drawn for each frame.
const NIGHT = `nullsrc=size=${SIZE}:rate=25,geq=lum='38+22*sin(X/37)*cos(Y/23)+14*sin((X+Y)/7)+10*random(1)':cb=126:cr=130`;
const night = (noise: number, seconds: number) =>
  `${NIGHT},trim=end_frame=1,loop=loop=-1:size=1,setpts=N/25/TB,noise=alls=${noise}:allf=t,trim=duration=${seconds}`;
/** Moves for 3.48 s and then repeats the last picture. */
const STOPS = `testsrc2=size=${SIZE}:rate=25,noise=alls=6:allf=t,trim=end_frame=87,tpad=stop_mode=clone:stop_duration=7`;
const STOPPED_AT = 86 / 25;

const frozenAt = (lives: readonly WatchedLife[]) => lives.find(({ frozen }) => frozen)?.atSeconds ?? null;

describe.skipIf(!requirement('ffmpeg').met)('a picture', () => {
  it.each(ENCODERS)('that stays the same is frozen within 3 s (%s)', { timeout: 180_000 }, async (_, encoder) => {
    const lives = await watchedClip({ clip: { lavfi: STOPS, encoder }, fps: 5 });
    const at = frozenAt(lives);
    expect(at).toBeGreaterThan(STOPPED_AT + 1.5);
    expect(at).toBeLessThanOrEqual(STOPPED_AT + 3);
    expect(lives.at(-1)!.frozen).toBe(true);
  });

  it.each([1, 2, 15])('that stays the same is frozen within 3 s at %i pictures a second', async (fps) => {
    const lives = await watchedClip({ clip: { lavfi: STOPS, encoder: ENCODERS[1]![1] }, fps });
    // A picture each second shows the last one that moved up to a second later.
    expect(frozenAt(lives)).toBeLessThanOrEqual(STOPPED_AT + 3);
    expect(frozenAt(lives)).toBeGreaterThan(STOPPED_AT + 1.5);
  });

  it('that stays the same in MJPEG is frozen after 2 s, and each copy of it counts for nothing', async () => {
    const clip = { lavfi: STOPS, encoder: '-pix_fmt yuvj420p -c:v mjpeg -q:v 5' };
    const lives = await watchedClip({ clip, fps: 5, intraOnly: true });
    expect(frozenAt(lives)! - STOPPED_AT).toBeCloseTo(2.1, 0);
    for (const { atSeconds, repeated } of lives) expect(repeated).toBe(atSeconds > STOPPED_AT + 0.2);
  });

  it('that moves again is alive at once', async () => {
    const lavfi = `testsrc2=size=${SIZE}:rate=25,trim=end_frame=75,loop=loop=100:size=1:start=74,setpts=N/25/TB[a];testsrc2=size=${SIZE}:rate=25,setpts=PTS+10/TB,trim=duration=3,setpts=PTS-STARTPTS[b];[a][b]concat`;
    const lives = await watchedClip({ clip: { lavfi, encoder: ENCODERS[0]![1] }, fps: 5 });
    const states = lives.filter((life, i) => life.frozen !== (lives[i - 1]?.frozen ?? false));
    expect(states.map(({ frozen }) => frozen)).toEqual([true, false]);
    expect(states[1]!.atSeconds).toBeCloseTo(7, 0);
  });

  it.each(ENCODERS)(
    'that moves is never frozen, nor is a clip that is played twice (%s)',
    { timeout: 60_000 + MINUTES * 120_000 },
    async (_, encoder) => {
      const twice = `testsrc2=size=${SIZE}:rate=25:duration=4,loop=loop=1:size=100`;
      const lives = await watchedClip({ clip: { lavfi: twice, encoder }, fps: 5 });
      expect(lives.length).toBeGreaterThan(35);
      expect(lives.some(({ frozen, repeated }) => frozen || repeated)).toBe(false);
      if (MINUTES < 1) return;
      const long = `testsrc2=size=${SIZE}:rate=25:duration=${MINUTES * 60}`;
      const all = await watchedClip({ clip: { lavfi: long, encoder }, fps: 5 });
      expect(all.length).toBeGreaterThan(MINUTES * 60 * 4);
      expect(frozenAt(all)).toBeNull();
    },
  );

  it('in which only a clock runs is never frozen', async () => {
    // A digit's worth of change each second, in the corner of a picture that is otherwise the same.
    const digits = [0, 1, 2, 3, 4].map(
      (n) => `drawbox=x=${20 + 14 * n}:y=20:w=12:h=22:color=white:t=fill:enable='eq(mod(floor(t),5),${n})'`,
    );
    const still = `${NIGHT},trim=end_frame=1,loop=loop=-1:size=1,setpts=N/25/TB`;
    const lavfi = [still, ...digits, 'trim=duration=12'].join(',');
    const lives = await watchedClip({ clip: { lavfi, encoder: ENCODERS[0]![1] }, fps: 5 });
    expect(lives.some(({ frozen }) => frozen)).toBe(false);
  });

  // Noise is that of the filter; 2 is a deviation of about one level of 255.
  it.each<[noise: number, encoder: string]>([
    [2, `${X264} ${CAMERA} -b:v 1M -maxrate 1M -bufsize 1M -g 50`],
    [4, `${X264} ${CAMERA} -b:v 2M -maxrate 2M -bufsize 2M -g 50`],
    [6, `${X264} ${CAMERA} -b:v 512k -maxrate 512k -bufsize 512k -g 25`],
    // So coarse that between two key frames nothing of the noise is left: 50 to 150 kbit/s.
    [4, `${X264} ${CAMERA} -crf 30 -g 50`],
    [8, `${X264} ${CAMERA} -crf 34 -g 25`],
    [4, '-pix_fmt yuv420p -c:v libx265 -preset ultrafast -x265-params log-level=0:bframes=0:keyint=50 -b:v 700k'],
    [4, '-pix_fmt yuv420p -c:v mpeg4 -b:v 1M -g 25'],
  ])(
    'of an empty night scene with noise %i is never frozen (%s)',
    { timeout: 120_000 + NIGHT_MINUTES * 240_000 },
    async (noise, encoder) => {
      const lives = await watchedClip({ clip: { lavfi: night(noise, NIGHT_MINUTES * 60), encoder }, fps: 5 });
      expect(lives.length).toBeGreaterThan(NIGHT_MINUTES * 60 * 4);
      expect(frozenAt(lives)).toBeNull();
    },
  );

  it('of such a scene in coarse MJPEG is never frozen', async () => {
    const clip = { lavfi: night(2, 8), encoder: '-pix_fmt yuvj420p -c:v mjpeg -q:v 20' };
    const lives = await watchedClip({ clip, fps: 5, intraOnly: true });
    expect(lives.some(({ frozen, repeated }) => frozen || repeated)).toBe(false);
  });
});

describe('time', () => {
  const still = (watch: FrozenWatch, ptsMs: number | null, arrivedAtMs: number) => {
    const data = new Uint8Array(320 * 180 * 3).fill(90);
    const image = { width: 320, height: 180, format: 'rgb24', data } as const;
    return watch.look({ image, ptsMs, arrivedAtMs, keyFrames: 0, intraOnly: true }).frozen;
  };

  it('is the stream’s: a backlog that comes at once has stood still as long as it says', () => {
    const watch = new FrozenWatch();
    const got = Array.from({ length: 15 }, (_, i) => still(watch, i * 200, 1000 + i));
    expect(got.indexOf(true)).toBe(10);
  });

  it('is ours where timestamps are missing or jump', () => {
    const without = new FrozenWatch();
    expect(Array.from({ length: 15 }, (_, i) => still(without, null, i * 200)).indexOf(true)).toBe(10);
    const jumping = new FrozenWatch();
    const jumps = Array.from({ length: 15 }, (_, i) => still(jumping, (i % 2) * 3_600_000 + i, i * 200));
    expect(jumps.indexOf(true)).toBe(10);
  });

  it('in which nothing was seen counts for little: two pictures far apart show nothing', () => {
    const watch = new FrozenWatch();
    expect([still(watch, 0, 0), still(watch, 60_000, 60_000), still(watch, 60_200, 60_200)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
