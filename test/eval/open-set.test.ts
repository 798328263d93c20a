import { describe, expect, it } from 'vitest';
import { type OpenSetOptions, openSet, type Pictures } from '../../eval/statistics/open-set.ts';
import { randomNumbers } from '../support/random-numbers.ts';

const OPTIONS = { subjects: 20, galleries: 50, galleriesARound: 5, rounds: 40, fpir: 0.05, margin: 0 };

/** `count` people with two pictures each; what two pictures have in common is told by `similar`. */
function pictures(count: number, similar: (a: number, b: number, same: boolean) => number): Pictures {
  const people = Array.from({ length: 2 * count }, (_, i) => Math.floor(i / 2));
  return {
    people,
    enrollable: people.map(() => true),
    similarity: (a, b) => similar(Math.min(a, b), Math.max(a, b), people[a] === people[b]),
  };
}

/** Strangers between 0 and 0.5, the same for the same two pictures. */
const noise = (a: number, b: number) => randomNumbers(a * 1009 + b)() / 2;
const clear = (count: number) => pictures(count, (a, b, same) => (same ? 0.9 : noise(a, b)));
const evaluate = (calibration: Pictures, report: Pictures, options: Partial<OpenSetOptions> = {}) =>
  openSet(calibration, report, { ...OPTIONS, random: randomNumbers(1), ...options });

describe('openSet', () => {
  it('names the wanted share of strangers where both groups are alike, and everybody who is clear', () => {
    const found = evaluate(clear(100), clear(100));
    expect(found.identified).toEqual({ share: 1, interval: [1, 1] });
    expect(found.namedWrongly.share).toBe(0);
    expect(found.falsePositive.share).toBeGreaterThan(0.02);
    expect(found.falsePositive.share).toBeLessThan(0.1);
    expect(found.falsePositive.interval[0]).toBeLessThan(found.falsePositive.share);
    expect(found.falsePositive.interval[1]).toBeGreaterThan(found.falsePositive.share);
    expect(found).toMatchObject({ mateSearches: 20, strangerSearches: 160 });
  });

  it('takes the threshold from the one group and never from the one it reports on', () => {
    const harder = pictures(100, (a, b, same) => (same ? 0.9 : 0.3 + noise(a, b)));
    const found = evaluate(clear(100), harder);
    expect(found.threshold.share).toBeLessThan(0.5);
    // All strangers are 0.3 more alike there than where the threshold was chosen.
    expect(found.falsePositive.share).toBeGreaterThan(0.9);
    expect(evaluate(harder, clear(100)).falsePositive.share).toBe(0);
  });

  it('counts a mate below the threshold, or behind somebody else, as not identified', () => {
    const lost = pictures(100, (a, b, same) => (same ? (a < 100 ? 0.1 : 0.9) : noise(a, b)));
    const { identified } = evaluate(clear(100), lost);
    expect(identified.share).toBeGreaterThan(0.35);
    expect(identified.share).toBeLessThan(0.65);
  });

  it('lets a margin turn away strangers, and lowers the threshold by what it spares', () => {
    const [without, withMargin] = [0, 0.1].map((margin) => evaluate(clear(100), clear(100), { margin }));
    expect(withMargin!.threshold.share).toBeLessThan(without!.threshold.share);
    // Nobody is ahead by that much.
    expect(evaluate(clear(100), clear(100), { margin: 0.95 })).toMatchObject({
      identified: { share: 0 },
      falsePositive: { share: 0 },
    });
  });

  it('enrols only pictures that a template can be made of, and searches with the others all the same', () => {
    const view = clear(100);
    const half = { ...view, enrollable: view.people.map((_, i) => i % 2 === 0) };
    // Of each of the 20 the other picture is searched: all of these are the unenrollable ones.
    expect(evaluate(clear(100), half).mateSearches).toBe(20);
    const none = { ...view, enrollable: view.people.map((_, i) => i < 10) };
    expect(() => evaluate(clear(100), none)).toThrow('cannot fill a gallery of 20');
  });

  it('needs strangers beside the gallery', () => {
    expect(() => evaluate(clear(20), clear(100))).toThrow('20 people cannot fill a gallery of 20 and leave strangers');
  });
});
