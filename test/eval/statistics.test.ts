import { describe, expect, it } from 'vitest';
import { auroc } from '../../eval/statistics/auroc.ts';
import { bestThreshold, crossValidate } from '../../eval/statistics/cross-validate.ts';
import { countRight, type ScoredPair } from '../../eval/statistics/scored-pair.ts';
import { rocCurve, shareFrom, tarAtFar } from '../../eval/statistics/tar-at-far.ts';

const pair = (same: boolean, similarity: number | null): ScoredPair => ({ same, similarity });

/** `count` genuine pairs at 0.8 and as many impostors at 0.2. */
function separable(count: number): ScoredPair[] {
  return [true, false].flatMap((same) => Array.from({ length: count }, () => pair(same, same ? 0.8 : 0.2)));
}

describe('crossValidate', () => {
  it('is right everywhere where a threshold separates, and puts it in the middle', () => {
    const { accuracy, threshold, folds } = crossValidate(separable(50));
    expect(accuracy).toBe(1);
    expect(threshold).toBeCloseTo(0.5, 12);
    expect(folds).toHaveLength(10);
  });

  it('counts a pair without a face as wrong, genuine or not', () => {
    const pairs = separable(50);
    pairs[3] = pair(true, null);
    pairs[70] = pair(false, null);
    expect(crossValidate(pairs)).toMatchObject({ right: 98, pairs: 100, accuracy: 0.98 });
  });

  it('does not let a fold choose its own threshold', () => {
    // The first fold has its classes at 0.55 and 0.5; the nine others make 0.4 the best there is.
    const odd = [true, false].flatMap((same) => [
      ...Array.from({ length: 5 }, () => pair(same, same ? 0.55 : 0.5)),
      ...Array.from({ length: 45 }, () => pair(same, same ? 0.42 : 0.38)),
    ]);
    const { folds, accuracy } = crossValidate(odd);
    expect(folds[0]).toEqual({ threshold: 0.4, accuracy: 0.5 });
    expect(accuracy).toBe(0.95);
    expect(countRight(odd, bestThreshold(odd))).toBe(95);
  });

  it('takes 50 + 50 pairs a fold from 500 + 500', () => {
    // All impostors of one fold are at the level of genuine pairs: exactly they are lost.
    const pairs = separable(500).map((each, i) => (i >= 550 && i < 600 ? pair(false, 0.8) : each));
    expect(crossValidate(pairs).folds.map(({ accuracy }) => accuracy)).toEqual([1, 0.5, 1, 1, 1, 1, 1, 1, 1, 1]);
  });
});

describe('bestThreshold', () => {
  it.each<[string, ScoredPair[], number]>([
    ['between the classes', [pair(false, 0.1), pair(true, 0.3)], 0.2],
    ['below a genuine pair that no impostor can pay for', [pair(true, 0.1), pair(false, 0.2), pair(true, 0.3)], 0.25],
    ['above everything where there are impostors only', [pair(false, 0.4)], 0.4 + Number.EPSILON],
    ['at the lowest where there are genuine pairs only', [pair(true, 0.4), pair(true, 0.5)], 0.4],
  ])('lies %s', (_, pairs, expected) => {
    expect(countRight(pairs, bestThreshold(pairs))).toBe(
      Math.max(...pairs.map((p) => countRight(pairs, p.similarity!)), countRight(pairs, 9)),
    );
    expect(bestThreshold(pairs)).toBeCloseTo(expected, 12);
  });

  it('refuses pairs of which none was compared', () => {
    expect(() => bestThreshold([pair(true, null)])).toThrow('no pair that was compared');
  });
});

describe('tarAtFar', () => {
  const impostor = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);

  it('lets exactly the allowed number of strangers through', () => {
    // Above 0.998: 0.999 alone, one of 1000.
    const point = tarAtFar(Float64Array.of(0.5, 0.998, 0.9985, 1), impostor, 1e-3);
    expect(point).toEqual({ limit: 0.998, far: 0.001, tar: 0.5 });
  });

  it('lets none through where one would be too many', () => {
    expect(tarAtFar(Float64Array.of(0.9985, 0.9995), impostor, 9e-4)).toEqual({ limit: 0.999, far: 0, tar: 0.5 });
  });

  it('accepts none of several strangers at the limit', () => {
    const tied = Float64Array.of(0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5);
    expect(tarAtFar(Float64Array.of(0.5, 0.6), tied, 0.1)).toEqual({ limit: 0.5, far: 0, tar: 0.5 });
  });

  it('never accepts a pair without a face', () => {
    const genuine = Float64Array.of(Number.NEGATIVE_INFINITY, 2);
    expect(tarAtFar(genuine, Float64Array.of(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY), 0.5).tar).toBe(0.5);
  });

  it('is monotone along the curve, from one stranger in all of them', () => {
    const genuine = Float64Array.from({ length: 200 }, (_, i) => 0.5 + i / 300);
    const curve = rocCurve(genuine, impostor);
    expect(curve[0]![0]).toBeCloseTo(1e-3, 9);
    expect(curve).toHaveLength(24);
    for (const [i, [far, tar]] of curve.entries()) {
      if (i === 0) continue;
      expect(far).toBeGreaterThan(curve[i - 1]![0]);
      expect(tar).toBeGreaterThanOrEqual(curve[i - 1]![1]);
    }
  });

  it('counts from a threshold on, as the product accepts', () => {
    expect(shareFrom(Float64Array.of(0.1, 0.2, 0.2, 0.3), 0.2)).toBe(0.75);
  });
});

describe('auroc', () => {
  it.each<[string, number[], number[], number]>([
    ['1 where all positives are above', [2, 3], [0, 1], 1],
    ['0 where all are below', [0, 1], [2, 3], 0],
    ['a half where nothing tells them apart', [1, 1, 1], [1, 1], 0.5],
    ['the share of ordered pairs, ties half', [0.8, 0.4, 0.4], [0.4, 0.1], (1 + 1 + 0.5 + 1 + 0.5 + 1) / 6],
  ])('is %s', (_, positives, negatives, expected) => {
    expect(auroc(positives, negatives)).toBeCloseTo(expected, 12);
  });
});
