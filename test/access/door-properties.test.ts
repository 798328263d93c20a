import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { NEVER } from 'rxjs';
import { afterAll, expect, it } from 'vitest';
import { Doors } from '../../access/doors.ts';
import { DAYS } from '../../config/door-settings.ts';
import { type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import type { EventDraft } from '../../pipeline/access-event.ts';
import { ageAt } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { knownFace, Scene, unknownFace } from '../support/scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-door-properties-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ZONE = 'Europe/Berlin';
/** Sunday 2026-03-29: the clocks go from 02:00 to 03:00; Sunday 2026-10-25: from 03:00 to 02:00. An hour before either. */
const STARTS = ['2026-03-29T00:00:00Z', '2026-10-25T00:00:00Z', '2026-12-24T22:59:00Z', '2026-11-21T05:59:50Z'];
const EXCEPT = { date: '2026-12-25', times: [{ from: '00:00', until: '00:01' }] };
const PEOPLE = [
  { name: 'Ada', groups: [] },
  { name: 'Bob', groups: ['staff'] },
  { name: 'Eve', groups: [] },
];

interface Times {
  days: (typeof DAYS)[number][];
  from: number;
  until: number;
}
const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
/** Boundaries on whole hours outside of those that are skipped or come twice, so that the clock there says all. */
const hour = fc.constantFrom(0, 1, 3, 4, 6, 7, 12, 23).map((hours) => hours * 60);
const times: fc.Arbitrary<Times> = fc
  .record({ days: fc.subarray([...DAYS], { minLength: 4 }), from: hour, until: hour })
  .filter(({ from, until }) => from < until);

const faceOf = (person: number) =>
  fc.record({
    there: fc.constantFrom(true, true, true, false),
    similarity: fc.constantFrom(0.7, 0.7, 0.7, 0.7, 0.3, Number.NaN),
    quality: fc.constantFrom(0.8, 0.8, 0.8, 0.8, 0.8, null),
    unfit: fc.constantFrom(null, null, null, null, null, 'blurred' as const),
    liveness: fc.constantFrom(0.9, 0.9, 0.9, 0.9, 0.1, Number.NaN),
    person: fc.constant(person),
  });
const frame = fc.record({
  kind: fc.constant('frame' as const),
  afterMs: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 150 }) }, { weight: 1, arbitrary: fc.nat({ max: 2500 }) }),
  faces: fc.tuple(faceOf(0), faceOf(1), faceOf(2)),
  stranger: fc.constantFrom(false, false, false, true),
  camera: fc.constantFrom('front', 'front', 'front', 'back', 'garage'),
  connection: fc.constantFrom(1, 1, 1, 1, 1, 1, 2),
  degraded: fc.constantFrom(false, false, false, false, false, false, false, true),
  ageMs: fc.oneof({ weight: 6, arbitrary: fc.nat({ max: 200 }) }, { weight: 1, arbitrary: fc.nat({ max: 3000 }) }),
  analysisMs: fc.nat({ max: 150 }),
  pts: fc.constantFrom('as taken', 'as taken', 'as taken', 'as taken', 'none', 'the same'),
});
const step = fc.oneof(
  { weight: 40, arbitrary: frame },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('again' as const), back: fc.nat({ max: 7 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'lock' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policy' as const), bob: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 90_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -9e6, max: 9e6 }) }) },
);

interface Shown {
  readonly result: FrameResult;
  readonly atMs: number;
  readonly lockdowns: number;
}

it('grants only with the matches, once in a cooldown, to somebody who is allowed at that time, and never while locked down', () => {
  let [run, grants, lockedOut, outside] = [0, 0, 0, 0];
  const scenario = fc.record({
    matches: fc.integer({ min: 1, max: 4 }),
    within: fc.integer({ min: 300, max: 2300 }),
    maxAge: fc.integer({ min: 200, max: 1000 }),
    cooldown: fc.constantFrom(0, 700, 1400),
    liveness: fc.boolean(),
    start: fc.constantFrom(...STARTS),
    ada: fc.option(times, { nil: null, freq: 2 }),
    staff: fc.option(times, { nil: null, freq: 2 }),
    steps: fc.array(step, { minLength: 60, maxLength: 200 }),
  });
  fc.assert(
    fc.property(scenario, ({ matches, within, maxAge, cooldown, liveness, start, ada, staff, steps }) => {
      const written = (one: Times | null) => ({
        timeZone: ZONE,
        times: one
          ? [{ days: one.days, from: clock(one.from), until: clock(one.until) }]
          : [{ from: '00:00', until: '24:00' }],
        except: [EXCEPT],
      });
      let isBobAllowed = true;
      const settings = () =>
        settingsSchema.parse({
          schedules: { ada: written(ada), staff: written(staff) },
          models: { scorers: [{ model: 'minifasnet' }] },
          doors: [
            {
              id: 'lobby',
              cameras: ['front', 'back'],
              allow: [
                { subject: 'Ada', schedule: 'ada' },
                ...(isBobAllowed ? [{ group: 'Staff', schedule: 'staff' }] : []),
              ],
              confirm: { matches, within: `${within}ms` },
              maxAge: `${maxAge}ms`,
              cooldown: `${cooldown}ms`,
              liveness,
            },
          ],
        } satisfies SettingsInput);
      const scene = new Scene({ wallMs: Date.parse(start) });
      run += 1;
      const doors = new Doors({
        settings: settings(),
        file: join(folder, `${run}.db`),
        append: () => [],
        events: { events: NEVER, read: () => [] },
        audit: { record: () => {} },
        clock: scene.clock,
        log: silentLog,
      });
      /** By what the clock on the wall in Berlin shows: another way to the same than the door's. */
      const isOpen = (one: Times | null) => {
        const there = DateTime.fromMillis(scene.clock.wallMs(), { zone: ZONE });
        const minutes = there.hour * 60 + there.minute;
        if (there.toFormat('yyyy-MM-dd') === EXCEPT.date) return minutes < 1;
        return (
          one === null || (one.days.includes(DAYS[there.weekday - 1]!) && minutes >= one.from && minutes < one.until)
        );
      };
      const mayPass = (name: string | undefined) =>
        (name === 'Ada' && isOpen(ada)) || (name === 'Bob' && isBobAllowed && isOpen(staff));

      const shown: Shown[] = [];
      const grantedAtMs = new Map<string, number>();
      let locked = false;
      let lockdowns = 0;
      let steppedAtMs = Number.NEGATIVE_INFINITY;

      const check = (result: FrameResult, draft: EventDraft) => {
        const atMs = scene.clock.monotonicMs();
        if (draft.reason === 'locked_down') lockedOut += 1;
        if (draft.reason === 'outside_schedule') outside += 1;
        if (locked && draft.type === 'access.denied') {
          expect(['locked_down', 'unfit', 'spoof', 'stale', 'degraded']).toContain(draft.reason);
        }
        if (draft.type !== 'access.granted') {
          expect(draft.expiresAtMs).toBeNull();
          return;
        }
        grants += 1;
        const who = draft.subject?.id ?? '';
        expect(locked).toBe(false);
        expect(atMs - steppedAtMs).toBeGreaterThanOrEqual(10_000);
        expect(mayPass(draft.subject?.name)).toBe(true);
        expect(['front', 'back']).toContain(draft.camera);
        expect(atMs - (grantedAtMs.get(who) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(cooldown);
        grantedAtMs.set(who, atMs);
        const taken = (one: FrameResult) => one.frame.arrivedAtMs - one.frame.ageMs;
        const good = shown.filter(
          (other) =>
            other.lockdowns === lockdowns &&
            other.result.frame.cameraId === result.frame.cameraId &&
            other.result.frame.connection === result.frame.connection &&
            !other.result.frame.degraded &&
            ageAt(other.result.frame, other.atMs) <= maxAge &&
            taken(other.result) <= taken(result) &&
            taken(other.result) >= taken(result) - within &&
            other.result.faces.some(
              (face) =>
                face.subject?.id === who &&
                face.unfit === null &&
                face.quality !== null &&
                (face.similarity ?? 0) >= 0.45 &&
                (!liveness || (face.scores.liveness ?? 0) >= 0.5),
            ),
        );
        expect(new Set(good.map((other) => other.result.frame.sequence)).size).toBeGreaterThanOrEqual(matches);
        const distinct = good.map((other) => other.result.frame.ptsSeconds ?? `no ${other.result.frame.sequence}`);
        expect(new Set(distinct).size).toBeGreaterThanOrEqual(matches);
        expect(good.some((other) => other.result === result)).toBe(true);
        expect(draft.expiresAtMs).toBeGreaterThan(scene.clock.wallMs());
        expect(draft.expiresAtMs).toBeLessThanOrEqual(result.frame.capturedAtMs + 2000);
        expect(draft.expiresAtMs).toBeLessThanOrEqual(scene.clock.wallMs() + 2000);
      };
      const show = (result: FrameResult) => {
        shown.push({ result, atMs: scene.clock.monotonicMs(), lockdowns });
        for (const draft of doors.decide(result)) if (draft.door !== null) check(result, draft);
      };

      for (const one of steps) {
        switch (one.kind) {
          case 'frame': {
            scene.clock.advance(one.afterMs);
            const faces = one.faces.flatMap(({ there, person, similarity, quality, unfit, liveness: live }) => {
              const { name, groups } = PEOPLE[person]!;
              return there ? [knownFace(name, { groups, similarity, quality, unfit, scores: { liveness: live } })] : [];
            });
            if (one.stranger) faces.push(unknownFace());
            const { camera: cameraId, connection, degraded, ageMs, analysisMs, pts } = one;
            const ptsSeconds = pts === 'none' ? { ptsSeconds: null } : pts === 'the same' ? { ptsSeconds: 7 } : {};
            show(scene.result(faces, { cameraId, connection, degraded, ageMs, analysisMs, ...ptsSeconds }));
            break;
          }
          case 'again': {
            const earlier = shown.at(-1 - one.back);
            if (earlier) show(earlier.result);
            break;
          }
          case 'lock':
            doors.lockDown('lobby', { by: 'test', reason: null });
            if (!locked) lockdowns += 1;
            locked = true;
            break;
          case 'release':
            doors.release('lobby', { by: 'test', reason: null });
            if (locked) lockdowns += 1;
            locked = false;
            break;
          case 'policy':
            isBobAllowed = one.bob;
            doors.replace(settings());
            break;
          case 'wait':
            scene.clock.advance(one.ms);
            break;
          case 'step':
            scene.clock.stepWall(one.ms);
            if (Math.abs(one.ms) >= 1000) steppedAtMs = scene.clock.monotonicMs();
            break;
        }
      }
      void doors.close();
    }),
    { numRuns: 150 },
  );
  // Or nothing would have been shown.
  expect(grants).toBeGreaterThan(150);
  expect(lockedOut).toBeGreaterThan(20);
  expect(outside).toBeGreaterThan(20);
});
