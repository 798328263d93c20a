import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MotionGate } from '../../pipeline/motion-gate.ts';
import { fakeFrame } from '../support/fake-frame.ts';

const WIDTH = 320;
const HEIGHT = 180;

/** A grey room with a bright square in it, and noise. */
function picture(
  o: { square?: [x: number, y: number, side: number]; glow?: number; light?: number; noise?: () => number } = {},
) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  const [left, top, side] = o.square ?? [0, 0, 0];
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const inside = x >= left && x < left + side && y >= top && y < top + side;
      const texture = 60 + 20 * Math.sin(x / 17) * Math.cos(y / 11);
      const level =
        (inside ? (o.glow === undefined ? 170 : texture + o.glow) : texture) + (o.light ?? 0) + (o.noise?.() ?? 0);
      data.fill(Math.max(0, Math.min(255, level)), (y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3);
    }
  }
  return { width: WIDTH, height: HEIGHT, data };
}

/** Pictures come five times a second. */
function rig(lookEveryMs = 2000) {
  const gate = new MotionGate({ lookEveryMs });
  let sequence = 0;
  let nowMs = 1000;
  return {
    gate,
    /** @returns whether it is analysed, with what is found then. */
    next(look: ReturnType<typeof picture>, faces = 0, fields: Parameters<typeof fakeFrame>[0] = {}) {
      sequence += 1;
      nowMs += 200;
      const frame = fakeFrame({ sequence, arrivedAtMs: nowMs, ptsSeconds: nowMs / 1000, ...look, ...fields });
      const opens = gate.opens(frame);
      if (opens) gate.analysed(frame, faces);
      return opens;
    },
  };
}

const EMPTY = picture();
const SOMEBODY = picture({ square: [100, 60, 14] });

/** Until nothing is left of the beginning but the periodic look. */
function quiet(lookEveryMs?: number) {
  const all = rig(lookEveryMs);
  for (let i = 0; i < 8; i += 1) all.next(EMPTY);
  return all;
}

describe('the motion gate', () => {
  it('leaves unchanged pictures out, but for a look every so often', () => {
    const { next } = rig(2000);
    const opened = Array.from({ length: 40 }, () => next(EMPTY));
    // A second at the beginning, then each 2 s.
    expect(opened.map((opens, i) => (opens ? i : -1)).filter((i) => i >= 0)).toEqual([0, 1, 2, 3, 4, 14, 24, 34]);
  });

  it('lets the very picture through in which somebody appears, and each one while a face is in view', () => {
    const { next } = quiet();
    expect(next(EMPTY)).toBe(false);
    expect(Array.from({ length: 30 }, () => next(SOMEBODY, 1))).toEqual(Array(30).fill(true));
  });

  it('goes on for a while after a change in which no face was found', () => {
    const { next } = quiet();
    expect(Array.from({ length: 8 }, () => next(SOMEBODY, 0))).toEqual([
      ...Array(5).fill(true),
      ...Array(3).fill(false),
    ]);
  });

  it('sees what comes too slowly to be seen from one picture to the next', () => {
    const { next } = quiet(4000);
    const opened: boolean[] = [];
    for (let step = 0; step < 12; step += 1) opened.push(next(picture({ square: [100, 60, 30], glow: step }), 0));
    expect(opened).toContain(true);
    expect(opened.slice(0, 4)).toEqual([false, false, false, false]);
  });

  it('is not opened by noise, nor by light that changes a little everywhere', () => {
    let seed = 7;
    const noise = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return (seed / 2147483648 - 0.5) * 24;
    };
    const { next } = rig(4000);
    const opened = Array.from({ length: 40 }, (_, i) => next(picture({ noise, light: i % 3 }), 0));
    expect(opened.filter(Boolean).length).toBeLessThanOrEqual(5 + 2);
    // The light goes on.
    expect(next(picture({ noise, light: 60 }))).toBe(true);
  });

  it('looks at the first picture of every connection, and of every size', () => {
    const { next } = quiet();
    expect(next(EMPTY)).toBe(false);
    expect(next(EMPTY, 0, { connection: 2 })).toBe(true);
    for (let i = 0; i < 8; i += 1) next(EMPTY, 0, { connection: 2 });
    expect(next(EMPTY, 0, { connection: 2 })).toBe(false);
    const half = { width: 160, height: 90, data: new Uint8Array(160 * 90 * 3).fill(60) };
    expect(next(half, 0, { connection: 2 })).toBe(true);
  });

  it('looks again where the picture that it let through was not analysed', () => {
    const { gate, next } = quiet();
    const frame = fakeFrame({ sequence: 900, arrivedAtMs: 3000, ptsSeconds: 3, ...SOMEBODY });
    expect(gate.opens(frame)).toBe(true);
    gate.missed(frame);
    expect(next(EMPTY)).toBe(true);
  });

  it.each<[string, (i: number) => { ptsSeconds: number | null; arrivedAtMs: number }]>([
    ['that stand still', (i) => ({ ptsSeconds: 5, arrivedAtMs: 2600 + i * 200 })],
    ['that jump back', (i) => ({ ptsSeconds: 1000 - i, arrivedAtMs: 2600 + i * 200 })],
    ['that are missing', (i) => ({ ptsSeconds: null, arrivedAtMs: 2600 + i * 200 })],
    ['of a backlog that comes at once', (i) => ({ ptsSeconds: 2.6 + i * 0.2, arrivedAtMs: 2600 })],
  ])('looks every so often with timestamps %s', (_, moment) => {
    const { next } = quiet();
    const opened = Array.from({ length: 40 }, (_each, i) => next(EMPTY, 0, moment(i)));
    const gaps = opened.map((opens, i) => (opens ? i : -1)).filter((i) => i >= 0);
    for (const [n, at] of gaps.entries()) expect(at - (gaps[n - 1] ?? -1)).toBeLessThanOrEqual(10);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(29);
  });

  const scene = fc.array(
    fc.record({
      x: fc.integer({ min: 0, max: 280 }),
      present: fc.boolean(),
      stays: fc.integer({ min: 1, max: 25 }),
      analysis: fc.constantFrom('at once', 'one picture later', 'fails'),
      found: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );

  it('whatever happens: somebody new is let through at once, a face keeps it open, and no look is further away than agreed', () => {
    fc.assert(
      fc.property(scene, (steps) => {
        const gate = new MotionGate({ lookEveryMs: 2000 });
        let sequence = 0;
        let sinceLook = 0;
        /** What the newest analysis saw. */
        const seen = { key: null as string | null, faces: 0 };
        const late: (() => void)[] = [];
        for (const { x, present, stays, analysis, found } of steps) {
          const key = present ? `at ${x}` : 'empty';
          const look = present ? picture({ square: [x, 60, 30] }) : EMPTY;
          for (let i = 0; i < stays; i += 1) {
            sequence += 1;
            const frame = fakeFrame({ sequence, arrivedAtMs: sequence * 200, ptsSeconds: sequence / 5, ...look });
            const opens = gate.opens(frame);
            sinceLook = opens ? 0 : sinceLook + 1;
            expect(sinceLook).toBeLessThan(10);
            if (seen.key === null || (present && seen.key === 'empty') || seen.faces > 0) expect(opens).toBe(true);
            for (const settle of late.splice(0)) settle();
            if (!opens) continue;
            const settle = () => {
              if (analysis === 'fails') gate.missed(frame);
              else {
                const faces = present && found ? 1 : 0;
                Object.assign(seen, { key, faces });
                gate.analysed(frame, faces);
              }
            };
            if (analysis === 'one picture later') late.push(settle);
            else settle();
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
