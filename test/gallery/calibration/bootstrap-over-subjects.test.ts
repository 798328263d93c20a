import { describe, expect, it } from 'vitest';
import { pairsOfStrangers } from '../../../eval/all-pairs.ts';
import { bootstrapTarAtFar, type SubjectScores } from '../../../gallery/calibration/bootstrap-over-subjects.ts';
import { randomNumbers } from '../../support/random-numbers.ts';

describe('bootstrapTarAtFar', () => {
  /** 400 subjects with two templates each; a tenth of the subjects is never recognised. */
  const subjects = 400;
  const random = randomNumbers(7);
  const topImpostors = Array.from({ length: 20_000 }, () => {
    const a = Math.floor(random() * subjects);
    return { a, b: (a + 1 + Math.floor(random() * (subjects - 1))) % subjects, similarity: random() * 0.5 };
  }).sort((x, y) => y.similarity - x.similarity);
  const templates = Array.from({ length: subjects }, () => 2);
  const scores = (genuine: readonly { subject: number; similarity: number }[], top = topImpostors): SubjectScores => ({
    subjects,
    genuine: {
      subject: genuine.map(({ subject }) => subject),
      similarity: genuine.map(({ similarity }) => similarity),
    },
    topImpostors: {
      a: top.map(({ a }) => a),
      b: top.map(({ b }) => b),
      similarity: top.map(({ similarity }) => similarity),
    },
    impostorsAmong: (drawn) => pairsOfStrangers(templates, drawn),
  });

  it('is as wide as drawing that many independent subjects makes it', () => {
    const genuine = templates.map((_, subject) => ({ subject, similarity: subject % 10 === 0 ? 0 : 0.9 }));
    const [low, high] = bootstrapTarAtFar(scores(genuine), { far: 1e-3, rounds: 2000, random: randomNumbers(1) }).tar;
    // Binomial: 0.9 ± 1.96 · sqrt(0.9 · 0.1 / 400) = 0.9 ± 0.0294.
    expect(low).toBeGreaterThan(0.862);
    expect(low).toBeLessThan(0.879);
    expect(high).toBeGreaterThan(0.921);
    expect(high).toBeLessThan(0.938);
  });

  it('widens when all pairs of a subject stand or fall together', () => {
    // The same subjects with ten pairs each: 4,000 pairs, and no more certain.
    const genuine = templates.flatMap((_, subject) =>
      Array.from({ length: 10 }, () => ({ subject, similarity: subject % 10 === 0 ? 0 : 0.9 })),
    );
    const [low, high] = bootstrapTarAtFar(scores(genuine), { far: 1e-3, rounds: 2000, random: randomNumbers(1) }).tar;
    expect(high - low).toBeGreaterThan(0.05);
  });

  it('finds the limit anew in every round', () => {
    // Genuine similarities spread over the impostors' tail: only a limit that moves makes the share move this much.
    const everybody = Array.from({ length: subjects }, (_, subject) => ({
      subject,
      similarity: 0.44 + (subject / subjects) * 0.12,
    }));
    const one = bootstrapTarAtFar(scores(everybody), { far: 1e-3, rounds: 500, random: randomNumbers(1) });
    const other = bootstrapTarAtFar(scores(everybody), { far: 1e-2, rounds: 500, random: randomNumbers(1) });
    expect(other.tar[0]).toBeGreaterThan(one.tar[1]);
    expect(one.limit[0]).toBeGreaterThan(other.limit[1]);
  });

  it('says so when it was given too few impostor comparisons', () => {
    const genuine = [{ subject: 0, similarity: 1 }];
    expect(() => bootstrapTarAtFar(scores(genuine, topImpostors.slice(0, 5)), { far: 0.1, rounds: 1, random })).toThrow(
      'too few',
    );
  });
});
