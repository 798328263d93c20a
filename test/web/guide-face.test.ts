import { describe, expect, it } from 'vitest';
import type { LiveFace } from '../../web/src/api/live-message.ts';
import { guideFace, HINT_WORDS, turnOf } from '../../web/src/enrol/guide-face.ts';

const SIZE = { width: 640, height: 360 };

interface Asked extends Partial<LiveFace> {
  turn?: number;
  left?: number;
  wide?: number;
}

/** A fit face from the front, 100 px wide; `turn` moves its nose, in distances between the eyes. */
function aFace({ turn = 0, left = 270, wide = 100, ...part }: Asked = {}): LiveFace {
  const at = (x: number, y: number) => [left + x * wide, 100 + y * wide] as const;
  return {
    bbox: [left, 100, left + wide, 100 + wide * 1.2],
    confidence: 0.99,
    keypoints: {
      left_eye: at(0.3, 0.45),
      right_eye: at(0.7, 0.45),
      nose: at(0.5 + turn * 0.4, 0.65),
      mouth_left: at(0.35, 0.85),
      mouth_right: at(0.65, 0.85),
    },
    status: 'unknown',
    subject: null,
    similarity: 0.1,
    margin: null,
    quality: 0.8,
    qualitySignal: 'norm',
    qualityParts: { size: 1, whole: 1, pose: 1, light: 1, glare: 1, evenness: 0.9, sharpness: 0.9, norm: 0.8 },
    reason: 'threshold',
    ...part,
  };
}

const parts = (part: Record<string, number>) => ({ ...aFace().qualityParts, ...part });
const unfit = (reason: LiveFace['reason'], part: Asked = {}) =>
  aFace({ status: 'unfit', reason, quality: null, ...part });
const hint = (faces: LiveFace[], pose: 'front' | 'left' | 'right' = 'front') =>
  guideFace({ ...SIZE, faces }, pose).hint;

describe('guideFace', () => {
  it.each([
    ['nobody', [], 'no_face'],
    ['a fit face', [aFace()], 'good'],
    ['somebody who is known already', [aFace({ status: 'known', reason: null })], 'good'],
    ['two people', [aFace(), aFace({ left: 450, wide: 60 })], 'several'],
    ['a passer-by far behind', [aFace(), aFace({ left: 450, wide: 40 })], 'good'],
    ['a face at the edge', [aFace({ left: 0 })], 'cut_off'],
    ['a face of which landmarks are outside', [unfit('cut_off')], 'cut_off'],
    ['a face that is too small', [unfit('too_small', { qualityParts: parts({ size: 0.2 }) })], 'too_small'],
    ['a face that is only just large enough', [aFace({ qualityParts: parts({ size: 0.45 }) })], 'too_small'],
    ['the dark', [unfit('too_dark', { qualityParts: parts({ light: 0.2 }) })], 'too_dark'],
    [
      'light from one side, which the server calls dark',
      [unfit('too_dark', { qualityParts: parts({ evenness: 0.2 }) })],
      'uneven',
    ],
    ['glare', [unfit('too_bright', { qualityParts: parts({ glare: 0.1 }) })], 'too_bright'],
    ['a blur', [unfit('blurred', { qualityParts: parts({ sharpness: 0.2 }) })], 'blurred'],
    ['what the embedder does not like', [unfit('low_quality')], 'poor'],
    ['a face that would do for a camera, not for years', [aFace({ quality: 0.42 })], 'poor'],
    ['a server that says no parts', [aFace({ qualityParts: {} })], 'good'],
  ] as const)('says of %s: %3$s', (_, faces, expected) => {
    expect(hint([...faces])).toBe(expected);
  });

  it('says one thing at a time, the first that stands in the way', () => {
    const bad = unfit('too_small', { turn: 1, qualityParts: parts({ size: 0.2, light: 0.1, sharpness: 0.1 }) });
    expect(hint([bad])).toBe('too_small');
  });

  it('speaks of the largest face', () => {
    const near = aFace({ wide: 120 });
    expect(guideFace({ ...SIZE, faces: [aFace({ left: 20, wide: 30 }), near] }, 'front').face).toBe(near);
  });

  it.each([
    // The nose to the picture's right: the person looks to their own left.
    ['front', 0.3, 'turn_right'],
    ['front', -0.3, 'turn_left'],
    ['front', 0.1, 'good'],
    ['left', 0, 'turn_left'],
    ['left', -0.3, 'turn_left'],
    ['left', 0.3, 'good'],
    ['left', 0.8, 'turn_right'],
    ['right', 0, 'turn_right'],
    ['right', -0.3, 'good'],
    ['right', -0.8, 'turn_left'],
  ] as const)('for the pose %s and a nose at %d: %s', (pose, turn, expected) => {
    expect(hint([aFace({ turn })], pose)).toBe(expected);
  });

  it('says which way to turn, where the server only says turned away', () => {
    expect(hint([unfit('turned_away', { turn: 1.2 })])).toBe('turn_right');
    expect(hint([unfit('turned_away', { turn: -1.2 })])).toBe('turn_left');
    expect(hint([unfit('turned_away', { turn: 0 })])).toBe('look_here');
  });

  it('measures a turn along the line of the eyes, so that a tilted head is not a turned one', () => {
    const keypoints = {
      left_eye: [100, 100],
      right_eye: [140, 140],
      nose: [105, 135],
      mouth_left: [80, 140],
      mouth_right: [100, 160],
    } as const;
    expect(turnOf({ keypoints })).toBeCloseTo(0, 5);
    expect(turnOf({ keypoints: { ...keypoints, right_eye: [100, 100] } })).toBeNull();
    expect(turnOf({ keypoints: null })).toBeNull();
  });

  it('has words for every hint', () => {
    for (const words of Object.values(HINT_WORDS)) expect(words).toMatch(/^[A-Z].*\.$/);
  });
});
