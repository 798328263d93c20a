import { describe, expect, it } from 'vitest';
import type { AnalysedFace, Candidate } from '../../pipeline/face.ts';
import { identify } from '../../pipeline/identify.ts';
import type { Gallery } from '../../pipeline/ports.ts';

const face = (fields: Partial<AnalysedFace> = {}): AnalysedFace => ({
  box: [0, 0, 40, 40],
  landmarks: { leftEye: [10, 15], rightEye: [30, 15], nose: [20, 22], mouthLeft: [12, 30], mouthRight: [28, 30] },
  confidence: 0.99,
  embedding: { model: 'm', vector: Float32Array.of(1, 0) },
  quality: 0.9,
  qualitySignal: 'norm',
  qualityParts: {},
  unfit: null,
  scores: {},
  ...fields,
});
const answering = (...found: Candidate[][]): Gallery => ({ search: async () => found });
const ever = { groups: [], validFromMs: null, validUntilMs: null, negativeSimilarity: null };
const ada = (similarity: number, fields: Partial<Candidate> = {}): Candidate => ({
  ...ever,
  subjectId: 'a',
  name: 'Ada',
  similarity,
  ...fields,
});
const bob = (similarity: number): Candidate => ({ ...ever, subjectId: 'b', name: 'Bob', similarity });
const limits = { threshold: 0.4, margin: 0.1, nowMs: 5000 };

describe('identify', () => {
  it.each([
    ['known', [ada(0.7), bob(0.5)], 'known', null],
    ['known when it is the only subject', [ada(0.41)], 'known', null],
    ['unknown in an empty gallery', [], 'unknown', 'empty_gallery'],
    ['unknown below the threshold', [ada(0.39)], 'unknown', 'threshold'],
    ['unknown when two subjects are too close', [ada(0.7), bob(0.65)], 'unknown', 'margin'],
    [
      'unknown when it is as similar to what the subject is not',
      [ada(0.7, { negativeSimilarity: 0.7 })],
      'unknown',
      'negative',
    ],
    [
      'known when it is less similar to what the subject is not',
      [ada(0.7, { negativeSimilarity: 0.69 })],
      'known',
      null,
    ],
    ['unknown before the subject is valid', [ada(0.7, { validFromMs: 5001 })], 'unknown', 'expired'],
    ['known from the first moment on', [ada(0.7, { validFromMs: 5000, validUntilMs: 5001 })], 'known', null],
    ['unknown from the end of validity on', [ada(0.7, { validUntilMs: 5000 })], 'unknown', 'expired'],
    [
      'unknown for its similarity, before all else',
      [ada(0.3, { negativeSimilarity: 0.9, validUntilMs: 0 }), bob(0.3)],
      'unknown',
      'threshold',
    ],
    [
      'unknown for what the subject is not, before the margin',
      [ada(0.5, { negativeSimilarity: 0.9, validUntilMs: 0 }), bob(0.49)],
      'unknown',
      'negative',
    ],
    ['unknown for the margin, before validity', [ada(0.5, { validUntilMs: 0 }), bob(0.49)], 'unknown', 'margin'],
    ['unknown when the similarity is not a number', [ada(Number.NaN)], 'unknown', 'threshold'],
    ['unknown when the second similarity is not a number', [ada(0.7), bob(Number.NaN)], 'unknown', 'margin'],
  ])('calls a face %s', async (_, candidates, status, reason) => {
    const [result] = await identify([face()], answering(candidates), limits);
    expect(result).toMatchObject({ status, reason });
    expect(result?.subject).toEqual(status === 'known' ? { id: 'a', name: 'Ada' } : null);
  });

  it('does not look up a face that is unfit, and keeps the others with their own answers', async () => {
    const faces = [face({ unfit: 'too_small' }), face(), face({ embedding: null }), face()];
    const results = await identify(faces, answering([ada(0.9)], [bob(0.8)]), limits);
    expect(results.map((r) => [r.status, r.subject?.name ?? null, r.reason])).toEqual([
      ['unfit', null, 'too_small'],
      ['known', 'Ada', null],
      ['unfit', null, 'not_embedded'],
      ['known', 'Bob', null],
    ]);
  });

  it('does not ask the gallery when no face is fit', async () => {
    const gallery: Gallery = { search: () => Promise.reject(new Error('asked')) };
    await expect(identify([face({ unfit: 'low_quality' })], gallery, limits)).resolves.toHaveLength(1);
  });

  it('refuses a gallery that answers another number of probes', async () => {
    await expect(identify([face()], answering(), limits)).rejects.toThrow('answered 0 of 1 probes');
  });
});
