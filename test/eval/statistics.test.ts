import { describe, expect, it } from 'vitest';
import { auroc } from '../../eval/statistics/auroc.ts';
import { bootstrapTarAtFar } from '../../eval/statistics/bootstrap-over-people.ts';
import { bestThreshold, crossValidate } from '../../eval/statistics/cross-validate.ts';
import { countRight, type ScoredPair } from '../../eval/statistics/scored-pair.ts';
import { rocCurve, shareFrom, tarAtFar } from '../../eval/statistics/tar-at-far.ts';
import { wilsonInterval } from '../../eval/statistics/wilson-interval.ts';
import { randomNumbers } from '../support/random-numbers.ts';

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

describe('wilsonInterval', () => {
  // Reference: Newcombe 1998, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [29, 29, 0.883, 1],
  ])('%i of %i', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });
});

describe('bootstrapTarAtFar', () => {
  /** 400 people with two pictures each; a tenth of the people is never recognised. */
  const people = 400;
  const random = randomNumbers(7);
  const topImpostors = Array.from({ length: 20_000 }, () => {
    const a = Math.floor(random() * people);
    return { a, b: (a + 1 + Math.floor(random() * (people - 1))) % people, similarity: random() * 0.5 };
  }).sort((x, y) => y.similarity - x.similarity);
  const pictures = Array.from({ length: people }, () => 2);

  it('is as wide as drawing that many independent people makes it', () => {
    const genuine = pictures.map((_, person) => ({ person, similarity: person % 10 === 0 ? 0 : 0.9 }));
    const [low, high] = bootstrapTarAtFar(
      { pictures, genuine, topImpostors },
      { far: 1e-3, rounds: 2000, random: randomNumbers(1) },
    ).tar;
    // Binomial: 0.9 ± 1.96 · sqrt(0.9 · 0.1 / 400) = 0.9 ± 0.0294.
    expect(low).toBeGreaterThan(0.862);
    expect(low).toBeLessThan(0.879);
    expect(high).toBeGreaterThan(0.921);
    expect(high).toBeLessThan(0.938);
  });

  it('widens when all pairs of a person stand or fall together', () => {
    // The same people with ten pairs each: 4,000 pairs, and no more certain.
    const genuine = pictures.flatMap((_, person) =>
      Array.from({ length: 10 }, () => ({ person, similarity: person % 10 === 0 ? 0 : 0.9 })),
    );
    const [low, high] = bootstrapTarAtFar(
      { pictures, genuine, topImpostors },
      { far: 1e-3, rounds: 2000, random: randomNumbers(1) },
    ).tar;
    expect(high - low).toBeGreaterThan(0.05);
  });

  it('finds the limit anew in every round', () => {
    // Genuine similarities spread over the impostors' tail: only a limit that moves makes the share move this much.
    const everybody = Array.from({ length: people }, (_, person) => ({
      person,
      similarity: 0.44 + (person / people) * 0.12,
    }));
    const one = bootstrapTarAtFar(
      { pictures, genuine: everybody, topImpostors },
      { far: 1e-3, rounds: 500, random: randomNumbers(1) },
    );
    const other = bootstrapTarAtFar(
      { pictures, genuine: everybody, topImpostors },
      { far: 1e-2, rounds: 500, random: randomNumbers(1) },
    );
    expect(other.tar[0]).toBeGreaterThan(one.tar[1]);
    expect(one.limit[0]).toBeGreaterThan(other.limit[1]);
  });

  it('says so when it was given too few impostor pairs', () => {
    const genuine = [{ person: 0, similarity: 1 }];
    expect(() =>
      bootstrapTarAtFar({ pictures, genuine, topImpostors: topImpostors.slice(0, 5) }, { far: 0.1, rounds: 1, random }),
    ).toThrow('too few');
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
