import { describe, expect, it } from 'vitest';
import { createAppearances } from '../../access/appearances.ts';
import type { EventDraft } from '../../pipeline/access-event.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { idOf, knownFace, Scene, type SceneFrame, unknownFace } from '../support/scene.ts';

const said = (drafts: EventDraft[]) => drafts.map(({ type, subject }) => `${type}:${subject?.name}`);

function front(o: { leftAfterMs?: number; pictures?: number; maxAgeMs?: number } = {}) {
  const scene = new Scene();
  const appearances = createAppearances('front', { clock: scene.clock, ...o });
  const show = (count: number, faces: FrameResult['faces'], fields: SceneFrame = {}) =>
    Array.from({ length: count }, () => {
      scene.clock.advance(200);
      return said(appearances.note(scene.result(faces, fields)));
    }).flat();
  const pass = (ms: number) => {
    scene.clock.advance(ms);
    return said(appearances.expire());
  };
  return { scene, appearances, show, pass };
}

describe('appearances', () => {
  it('tells once that somebody appeared, at the second picture', () => {
    const { show } = front();
    expect(show(1, [knownFace('Ada')])).toEqual([]);
    expect(show(1, [knownFace('Ada')])).toEqual(['person.seen:Ada']);
    expect(show(30, [knownFace('Ada')])).toEqual([]);
  });

  it('tells once that they left, of the last picture of them', () => {
    const { scene, appearances, show, pass } = front();
    show(4, [knownFace('Ada')]);
    const lastWallMs = scene.clock.wallMs();
    show(20, []);
    expect(pass(800)).toEqual([]);
    scene.clock.advance(200);
    expect(appearances.expire()).toEqual([
      {
        type: 'person.left',
        door: null,
        camera: 'front',
        subject: { id: idOf('Ada'), name: 'Ada' },
        similarity: 0.71,
        threshold: 0.45,
        margin: 0.22,
        quality: 0.83,
        reason: null,
        frameSequence: 4,
        capturedAtMs: lastWallMs - 100,
        decidedAtMs: scene.clock.wallMs(),
        expiresAtMs: null,
      },
    ]);
    expect(pass(10_000)).toEqual([]);
  });

  it('tells of the next appearance after they left, also when nobody asked meanwhile', () => {
    const { scene, show } = front();
    show(2, [knownFace('Ada')]);
    scene.clock.advance(6000);
    expect(show(3, [knownFace('Ada')])).toEqual(['person.left:Ada', 'person.seen:Ada']);
  });

  it('is not disturbed by a gap that is shorter', () => {
    const { scene, show, pass } = front();
    show(2, [knownFace('Ada')]);
    scene.clock.advance(4500);
    expect(show(1, [knownFace('Ada')])).toEqual([]);
    expect(pass(4800)).toEqual([]);
    expect(pass(200)).toEqual(['person.left:Ada']);
  });

  it('does not tell again of somebody who was there before and after a reconnection', () => {
    const { scene, show, pass } = front();
    show(5, [knownFace('Ada')]);
    scene.clock.advance(3000);
    expect(pass(0)).toEqual([]);
    expect(show(5, [knownFace('Ada')], { connection: 2, ptsSeconds: null })).toEqual([]);
  });

  it('keeps people apart', () => {
    const { show } = front({ leftAfterMs: 1000 });
    show(2, [knownFace('Ada'), knownFace('Bob')]);
    expect(show(10, [knownFace('Bob')])).toEqual(['person.left:Ada']);
  });

  it.each<[string, FrameResult['faces'], SceneFrame]>([
    ['old pictures', [knownFace('Ada')], { ageMs: 2500 }],
    ['degraded pictures', [knownFace('Ada')], { degraded: true }],
    ['one picture again and again', [knownFace('Ada')], { ptsSeconds: 3 }],
    ['times that are not numbers', [knownFace('Ada')], { ageMs: Number.NaN }],
    ['another camera', [knownFace('Ada')], { cameraId: 'back' }],
    ['strangers', [unknownFace()], {}],
    ['unfit faces', [knownFace('Ada', { unfit: 'blurred' })], {}],
  ])('makes nothing of %s, neither of who comes nor of who is there', (_, faces, fields) => {
    const { show } = front();
    expect(show(30, faces, fields)).toEqual([]);
    expect(show(2, [knownFace('Ada')])).toEqual(['person.seen:Ada']);
    expect(show(30, faces, fields)).toEqual(['person.left:Ada']);
  });

  it('makes nothing of a backlog that comes in one burst', () => {
    const { scene, appearances } = front();
    const arrivedMs = scene.clock.monotonicMs();
    for (let ageMs = 10_000; ageMs > 2100; ageMs -= 200) {
      scene.clock.advance(1);
      const ptsSeconds = (arrivedMs - ageMs) / 1000;
      expect(appearances.note(scene.result([knownFace('Ada')], { ageMs, ptsSeconds, analysisMs: 0 }))).toEqual([]);
    }
  });

  it('lets nobody leave or come because somebody set the clock', () => {
    const { scene, show, pass } = front();
    show(2, [knownFace('Ada')]);
    scene.clock.stepWall(3_600_000);
    expect(pass(0)).toEqual([]);
    scene.clock.stepWall(-7_200_000);
    expect(show(2, [knownFace('Ada')])).toEqual([]);
    expect(pass(5000)).toEqual(['person.left:Ada']);
  });
});
