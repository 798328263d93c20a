import { expect, it } from 'vitest';
import { createDoor } from '../../access/door.ts';
import { settingsSchema } from '../../config/settings-schema.ts';
import { ageAt } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import { idOf, knownFace, Scene, unknownFace } from '../support/scene.ts';

const NAMES = ['Ada', 'Bob', 'Eve'];
const CAMERAS = ['front', 'back', 'garage'];

interface Shown {
  readonly result: FrameResult;
  readonly atMs: number;
}

/** Whatever could come from cameras that delay, repeat, reorder and reconnect, and from networks that err. */
function randomResult(scene: Scene, random: () => number, earlier: readonly Shown[]): FrameResult {
  const chance = (p: number) => random() < p;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  if (earlier.length > 0 && chance(0.15)) return pick(earlier.slice(-8)).result;
  const faces = NAMES.flatMap((name) => {
    if (chance(name === 'Ada' ? 0.15 : 0.5)) return [];
    const similarity = chance(0.08) ? Number.NaN : chance(0.1) ? 0.3 : 0.7;
    return [
      knownFace(name, { similarity, quality: chance(0.05) ? null : 0.8, ...(chance(0.05) && { unfit: 'blurred' }) }),
    ];
  });
  if (chance(0.2)) faces.push(unknownFace());
  const ageMs = chance(0.15) ? random() * 3000 : random() * 300;
  return scene.result(faces, {
    cameraId: chance(0.75) ? 'front' : pick(CAMERAS),
    connection: chance(0.9) ? 1 : 2,
    degraded: chance(0.06),
    ageMs,
    analysisMs: random() * 250,
    ...(chance(0.1) && { ptsSeconds: chance(0.5) ? null : random() * 10 }),
  });
}

it('never grants without the matches, never twice within the cooldown, never to somebody who is not allowed', () => {
  let grants = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = randomNumbers(seed);
    const matches = 1 + Math.floor(random() * 4);
    const withinMs = 300 + Math.floor(random() * 2000);
    const maxAgeMs = 200 + Math.floor(random() * 800);
    const cooldownMs = Math.floor(random() * 3) * 700;
    const allow = NAMES.filter(() => random() < 0.6).map((name) => (random() < 0.5 ? name : idOf(name)));
    const { doors } = settingsSchema.parse({
      doors: [
        {
          id: 'lobby',
          cameras: ['front', 'back'],
          allow,
          confirm: { matches, within: `${withinMs}ms` },
          maxAge: `${maxAgeMs}ms`,
          cooldown: `${cooldownMs}ms`,
        },
      ],
    });
    const scene = new Scene();
    const door = createDoor(doors[0] as (typeof doors)[number], { clock: scene.clock });
    const shown: Shown[] = [];
    const decidedAtMs = new Map<string, number>();

    for (let step = 0; step < 150; step += 1) {
      scene.clock.advance(random() < 0.1 ? random() * 2000 : random() * 150);
      if (random() < 0.03) scene.clock.stepWall((random() - 0.5) * 10_000);
      const result = randomResult(scene, random, shown);
      const atMs = scene.clock.monotonicMs();
      shown.push({ result, atMs });

      for (const draft of door.decide(result)) {
        const who = draft.subject?.id ?? 'unknown';
        expect(atMs - (decidedAtMs.get(who) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(cooldownMs);
        decidedAtMs.set(who, atMs);
        expect(['front', 'back']).toContain(draft.camera);
        const isOnList = allow.includes(draft.subject?.name ?? '') || allow.includes(who);
        expect(draft.type).toBe(isOnList ? 'access.granted' : 'access.denied');
        if (draft.type !== 'access.granted') continue;

        grants += 1;
        const taken = ({ frame }: FrameResult) => frame.arrivedAtMs - frame.ageMs;
        const good = shown.filter(
          (other) =>
            other.result.frame.cameraId === result.frame.cameraId &&
            other.result.frame.connection === result.frame.connection &&
            !other.result.frame.degraded &&
            ageAt(other.result.frame, other.atMs) <= maxAgeMs &&
            taken(other.result) <= taken(result) &&
            taken(other.result) >= taken(result) - withinMs &&
            other.result.faces.some(
              (face) =>
                face.subject?.id === who &&
                face.unfit === null &&
                face.quality !== null &&
                (face.similarity ?? 0) >= 0.45,
            ),
        );
        expect(new Set(good.map((other) => other.result.frame.sequence)).size).toBeGreaterThanOrEqual(matches);
        const distinct = new Set(
          good.map((other) => other.result.frame.ptsSeconds ?? `no ${other.result.frame.sequence}`),
        );
        expect(distinct.size).toBeGreaterThanOrEqual(matches);
        expect(good.some((other) => other.result === result)).toBe(true);
        expect(draft.expiresAtMs).toBeGreaterThan(scene.clock.wallMs());
        expect(draft.expiresAtMs).toBeLessThanOrEqual(result.frame.capturedAtMs + 2000);
        expect(draft.expiresAtMs).toBeLessThanOrEqual(scene.clock.wallMs() + 2000);
      }
    }
  }
  // Or nothing would have been shown.
  expect(grants).toBeGreaterThan(300);
});
