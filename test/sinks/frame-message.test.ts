import { describe, expect, it } from 'vitest';
import { frameMessage } from '../../sinks/frame-message.ts';
import { fakeFace, fakeResult } from '../support/fake-result.ts';

describe('frameMessage', () => {
  it('is the JSON that /ws/live promises', () => {
    const result = fakeResult(
      {
        cameraId: 'front',
        sequence: 812,
        capturedAtMs: Date.UTC(2026, 10, 21, 9, 0, 0, 120),
        width: 1280,
        height: 720,
      },
      [fakeFace({ qualityParts: { norm: 0.83, size: 1 } })],
    );
    expect(JSON.parse(JSON.stringify(frameMessage(result, 84.4)))).toEqual({
      type: 'frame',
      camera: 'front',
      sequence: 812,
      capturedAt: '2026-11-21T09:00:00.120Z',
      width: 1280,
      height: 720,
      faces: [
        {
          bbox: [10, 20, 50, 70],
          confidence: 0.98,
          keypoints: {
            left_eye: [20, 35],
            right_eye: [40, 35],
            nose: [30, 45],
            mouth_left: [22, 58],
            mouth_right: [38, 58],
          },
          status: 'known',
          subject: { id: '0b5e', name: 'Ada' },
          similarity: 0.71,
          margin: 0.22,
          quality: 0.83,
          qualitySignal: 'norm',
          qualityParts: { norm: 0.83, size: 1 },
          reason: null,
          scores: {},
        },
      ],
      threshold: 0.45,
      timings: { queue: 1, detect: 24, embed: 5, identify: 0.3, total: 31 },
      ageMs: 84,
      dropped: { busy: 2, thinned: 4, unchanged: 0 },
    });
  });

  it('says the age at arrival where no other is given', () => {
    expect(frameMessage(fakeResult({ ageMs: 12.6 })).ageMs).toBe(13);
  });

  it('has whole pixels within the picture', () => {
    const face = fakeFace({ box: [-3.2, -0.4, 96.4, 80.6] });
    const [first] = frameMessage(fakeResult({ width: 96, height: 80 }, [face])).faces;
    expect(first?.bbox).toEqual([0, 0, 96, 80]);
    expect(Object.is(first?.bbox[1], 0)).toBe(true);
  });

  it.each([
    ['unknown', { status: 'unknown', subject: null, similarity: 0.31, margin: 0.02, reason: 'threshold' }],
    ['unfit', { status: 'unfit', subject: null, similarity: null, margin: null, reason: 'too_small' }],
  ] as const)('names nobody in a face that is %s, and says why', (_, fields) => {
    const [face] = frameMessage(fakeResult({}, [fakeFace(fields)])).faces;
    expect(face).toMatchObject(fields);
  });

  it('has what scorers and parts say in two digits, and nothing that is not a number', () => {
    const face = fakeFace({ scores: { liveness: 0.98765, other: Number.NaN }, qualityParts: { norm: 1 / 3 } });
    const [first] = frameMessage(fakeResult({}, [face])).faces;
    expect(first).toMatchObject({ scores: { liveness: 0.99 }, qualityParts: { norm: 0.33 } });
    expect(first?.scores).not.toHaveProperty('other');
  });

  it('names nobody where the status and the subject disagree', () => {
    const face = fakeFace({ status: 'unknown', reason: 'margin' });
    expect(frameMessage(fakeResult({}, [face])).faces[0]?.subject).toBeNull();
  });

  it('stays JSON when a network returns what is not a number', () => {
    const face = fakeFace({
      box: [Number.NaN, 0, Number.POSITIVE_INFINITY, 9],
      similarity: Number.NaN,
      margin: Number.NaN,
      quality: Number.NaN,
    });
    const message = frameMessage(fakeResult({ capturedAtMs: Number.NaN }, [face]), Number.NaN);
    expect(message.faces[0]).toMatchObject({ similarity: null, margin: null, quality: null, bbox: [0, 0, 0, 9] });
    expect(message.capturedAt).toBeNull();
    expect(message.ageMs).toBe(0);
  });

  it('holds no embedding', () => {
    expect(JSON.stringify(frameMessage(fakeResult()))).not.toMatch(/embedding|vector/);
  });
});
