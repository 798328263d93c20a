import { describe, expect, it } from 'vitest';
import { qualityOf } from '../../../models/calibration.ts';
import { catalogEntry, type EmbedderEntry } from '../../../models/catalog.ts';
import { embeddedFace } from '../../../models/embedders/embed.ts';

const rts = catalogEntry('rts-512d') as EmbedderEntry;
const arcface = catalogEntry('arcface-w600k-512d') as EmbedderEntry;
const named = catalogEntry('curricularface-ir101-512d') as EmbedderEntry;
const vector = new Float32Array(512).fill(2);

describe('embeddedFace', () => {
  it('takes the output that the entry names, normalised, with its norm as the signal', () => {
    const face = embeddedFace(named, { other: new Float32Array(512).fill(1), embedding: vector });
    expect(Math.hypot(...face.vector!)).toBeCloseTo(1, 5);
    expect(face.norm).toBeCloseTo(2 * Math.sqrt(512), 3);
    expect(face.signal).toBe(face.norm);
  });

  it.each(['683', '516', 'output'])('finds the only output of the right width whatever its name: %s', (name) => {
    expect(embeddedFace(arcface, { [name]: vector }).norm).toBeCloseTo(2 * Math.sqrt(512), 3);
  });

  it.each([
    [Math.log(0.77), 0.77],
    [0, 1],
    [2, Math.exp(2)],
  ])('reads RTS from its second output: exp(%d) is %d', (logarithm, signal) => {
    const face = embeddedFace(rts, { logvar: Float32Array.of(logarithm), embedding: vector });
    expect(face.signal).toBeCloseTo(signal, 5);
  });

  it('maps a higher RTS score to a lower quality: higher is worse', () => {
    const at = (score: number) => qualityOf(rts, score);
    expect(at(0.5)).toBeGreaterThan(at(1));
    expect(at(1)).toBeGreaterThan(0.4);
    expect(at(1.5)).toBeLessThan(0.4);
    expect(at(Number.POSITIVE_INFINITY)).toBe(0);
  });

  it.each([
    ['no second output', { embedding: vector }],
    ['a second output that is no number', { embedding: vector, logvar: Float32Array.of(Number.NaN) }],
    ['an empty second output', { embedding: vector, logvar: new Float32Array(0) }],
  ])('gives no quality for %s, so that the face is unfit', (_, outputs) => {
    const face = embeddedFace(rts, outputs);
    expect(face.signal).toBeNaN();
    expect(qualityOf(rts, face.signal)).toBe(0);
  });
});
