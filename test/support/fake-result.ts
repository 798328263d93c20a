import type { IdentifiedFace } from '../../pipeline/face.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { type FakeFrame, fakeFrame } from './fake-frame.ts';

/** A known face in the middle of a small picture, with whole numbers that are easy to find again. */
export function fakeFace(fields: Partial<IdentifiedFace> = {}): IdentifiedFace {
  return {
    box: [10, 20, 50, 70],
    landmarks: {
      leftEye: [20, 35],
      rightEye: [40, 35],
      nose: [30, 45],
      mouthLeft: [22, 58],
      mouthRight: [38, 58],
    },
    confidence: 0.98,
    embedding: { model: 'fake', vector: new Float32Array([1, 0]) },
    quality: 0.83,
    qualitySignal: 'norm',
    qualityParts: {},
    unfit: null,
    scores: {},
    status: 'known',
    subject: { id: '0b5e', name: 'Ada' },
    similarity: 0.71,
    margin: 0.22,
    groups: [],
    lapsed: null,
    reason: null,
    ...fields,
  };
}

/** A result around a fake frame, whose references can be counted. */
export function fakeResult(
  frame: Parameters<typeof fakeFrame>[0] = {},
  faces: readonly IdentifiedFace[] = [fakeFace()],
): FrameResult & { readonly frame: FakeFrame } {
  return {
    frame: fakeFrame({ width: 96, height: 80, ...frame }),
    faces,
    threshold: 0.45,
    timings: { queue: 1, detect: 24.04, embed: 5, identify: 0.26, total: 31 },
    dropped: { busy: 2, thinned: 4, unchanged: 0 },
  };
}
