import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { similarityOf } from '../../../models/calibration.ts';
import { CATALOG, type EmbedderEntry } from '../../../models/catalog.ts';
import { similarityAt, similarityCurve, toldSimilarity } from '../../../server/compreface/compreface-similarity.ts';

const embedders = [...CATALOG.values()].filter((entry): entry is EmbedderEntry => entry.task === 'embedder');
const cosines = fc.double({ min: -1, max: 1, noNaN: true });

/** As its clients' documentation has it, over the distance of two unit vectors that lie at that cosine. */
function byTheirFormula({ c0, c1 }: { c0: number; c1: number }, cosine: number): number {
  const [a, b] = [[1, 0] as const, [cosine, Math.sqrt(1 - cosine * cosine)] as const];
  return (Math.tanh((c0 - Math.hypot(a[0] - b[0], a[1] - b[1])) * c1) + 1) / 2;
}

it('there are recognisers to be tested', () => expect(embedders.length).toBeGreaterThanOrEqual(5));

describe.each(embedders.map((entry) => [entry.name, entry] as const))("CompreFace's similarity for %s", (_, entry) => {
  const { threshold, similaritySlope: slope } = entry.calibration;
  const curve = similarityCurve({ threshold, slope });

  it("is CompreFace's own formula", () => {
    fc.assert(
      fc.property(cosines, (cosine) => {
        expect(similarityAt(curve, cosine)).toBeCloseTo(byTheirFormula(curve, cosine), 6);
      }),
    );
  });

  it('is 0.5 at the threshold', () => expect(similarityAt(curve, threshold)).toBeCloseTo(0.5, 12));

  it('never falls while the cosine rises, and stays within 0..1', () => {
    fc.assert(
      fc.property(cosines, cosines, (a, b) => {
        const [low, high] = [similarityAt(curve, Math.min(a, b)), similarityAt(curve, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('tells near a threshold what is more similar', () => {
    for (let cosine = threshold - 0.2; cosine < Math.min(threshold + 0.05, 0.98); cosine += 0.01) {
      expect(similarityAt(curve, cosine + 0.01)).toBeGreaterThan(similarityAt(curve, cosine));
    }
  });

  it('is nowhere further than 0.03 from what facegate itself shows', () => {
    for (let cosine = -1; cosine <= 1; cosine += 0.001) {
      expect(Math.abs(similarityAt(curve, cosine) - similarityOf(entry, cosine))).toBeLessThan(0.03);
    }
  });

  it('says 1 of a picture and itself, and 0 of opposites', () => {
    expect(similarityAt(curve, 1)).toBeGreaterThan(0.99);
    expect(similarityAt(curve, -1)).toBeLessThan(0.01);
  });
});

describe('the similarity that is told', () => {
  const curve = similarityCurve({ threshold: 0.36, slope: 22 });

  it('reaches 0.5 where the face was recognised, and nowhere else', () => {
    fc.assert(
      fc.property(cosines, fc.boolean(), (cosine, recognised) => {
        expect(toldSimilarity(curve, cosine, recognised) >= 0.5).toBe(recognised);
      }),
    );
    expect(toldSimilarity(curve, 0.36 - 1e-9, false)).toBe(0.49999);
    expect(toldSimilarity(curve, 0.36, true)).toBe(0.5);
  });

  it('has five digits', () => {
    for (const cosine of [0.1234567, 0.35, 0.4]) {
      const told = toldSimilarity(curve, cosine, cosine >= 0.36);
      expect(Number(told.toFixed(5))).toBe(told);
      expect(told).toBeCloseTo(similarityAt(curve, cosine), 5);
    }
  });

  it.each([-1, -0.5, 0, 0.99, 1])('follows a threshold that the settings put at %s', (threshold) => {
    const set = similarityCurve({ threshold, slope: 22 });
    expect(similarityAt(set, threshold)).toBeCloseTo(0.5, 12);
    if (threshold > -1) expect(similarityAt(set, threshold - 0.2)).toBeLessThan(0.5);
    if (threshold < 1) expect(similarityAt(set, 1)).toBeGreaterThan(0.5);
  });

  it('is nothing where the cosine is no number', () => {
    expect(toldSimilarity(curve, Number.NaN, false)).toBe(0);
  });
});
