import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../pipeline/face.ts';
import { type JudgeOptions, judgeCandidates } from '../../pipeline/judge-candidates.ts';

const RUNS = { numRuns: 2000 };
/** Coarse steps, so that equal similarities and values right at a limit come up all the time. */
const cosine = fc.integer({ min: -10, max: 10 }).map((tenths) => tenths / 10);
const moment = fc.integer({ min: 0, max: 9 });
const candidateWith = (
  number: fc.Arbitrary<number>,
  time: fc.Arbitrary<number>,
): fc.Arbitrary<Omit<Candidate, 'subjectId'>> =>
  fc.record({
    name: fc.constant('somebody'),
    similarity: number,
    groups: fc.constant([]),
    validFromMs: fc.option(time),
    validUntilMs: fc.option(time),
    negativeSimilarity: fc.option(number),
  });
const candidatesOf = (candidate: fc.Arbitrary<Omit<Candidate, 'subjectId'>>) =>
  fc
    .array(candidate, { maxLength: 5 })
    .map((found) => found.map((one, i): Candidate => ({ ...one, subjectId: `s${i}` })));
const optionsWith = (number: fc.Arbitrary<number>, time: fc.Arbitrary<number>): fc.Arbitrary<JudgeOptions> =>
  fc.record({ threshold: number, margin: number, nowMs: time });

const candidates = candidatesOf(candidateWith(cosine, moment));
const options = optionsWith(cosine, moment);
const broken = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);

describe('judgeCandidates', () => {
  it('knows only whom nothing speaks against, and knows them all', () => {
    let known = 0;
    fc.assert(
      fc.property(candidates, options, (found, limits) => {
        const answer = judgeCandidates(found, limits);
        const [best, second] = [...found].sort((a, b) => b.similarity - a.similarity);
        const ahead = best ? best.similarity - (second?.similarity ?? 0) : Number.NaN;
        const may =
          best !== undefined &&
          best.similarity >= limits.threshold &&
          (best.negativeSimilarity === null || best.negativeSimilarity < best.similarity) &&
          ahead >= limits.margin &&
          (second === undefined || second.similarity < best.similarity) &&
          (best.validFromMs === null || best.validFromMs <= limits.nowMs) &&
          (best.validUntilMs === null || limits.nowMs < best.validUntilMs);
        expect(answer.status).toBe(may ? 'known' : 'unknown');
        expect(answer.subject).toEqual(may ? { id: best?.subjectId, name: best?.name } : null);
        expect(answer.reason === null).toBe(may);
        if (may) known += 1;
      }),
      RUNS,
    );
    // Else the property says nothing.
    expect(known).toBeGreaterThan(RUNS.numRuns / 50);
  });

  it.each<[string, (limits: JudgeOptions) => Partial<Candidate>]>([
    ['below the threshold', ({ threshold }) => ({ similarity: threshold - 0.01 })],
    ['as near to what it is not', () => ({ similarity: 0.9, negativeSimilarity: 0.9 })],
    ['valid no more', ({ nowMs }) => ({ validUntilMs: nowMs })],
    ['not valid yet', ({ nowMs }) => ({ validFromMs: nowMs + 1 })],
  ])('never knows anybody where all are %s', (_, spoil) => {
    fc.assert(
      fc.property(candidates, options, (found, limits) => {
        const spoilt = found.map((candidate) => ({ ...candidate, ...spoil(limits) }));
        expect(judgeCandidates(spoilt, limits).status).toBe('unknown');
      }),
      RUNS,
    );
  });

  it('never knows anybody whom a second subject equals or follows within the margin', () => {
    const margin = fc.constantFrom(0, 0.05, 0.1);
    fc.assert(
      fc.property(
        candidates,
        options,
        margin,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (found, limits, ahead, share) => {
          const [best] = [...found].sort((a, b) => b.similarity - a.similarity);
          if (!best) return;
          const rival = { ...best, subjectId: 'rival', similarity: best.similarity - ahead * share };
          expect(judgeCandidates([...found, rival], { ...limits, margin: ahead }).status).toBe('unknown');
        },
      ),
      RUNS,
    );
  });

  it('never knows anybody where a single number of the best two, of the limits or of the clock is none', () => {
    const spots: readonly ((found: Candidate[], limits: JudgeOptions, not: number) => [Candidate[], JudgeOptions])[] = [
      (found, limits) => [found, { ...limits, threshold: Number.NaN }],
      (found, limits) => [found, { ...limits, margin: Number.NaN }],
      (found, limits) => [found, { ...limits, nowMs: Number.NaN }],
      ([best, ...others], limits, not) => [[{ ...(best as Candidate), similarity: not }, ...others], limits],
      ([best, second, ...others], limits, not) => [
        [best as Candidate, { ...(second as Candidate), similarity: not }, ...others],
        limits,
      ],
      ([best, ...others], limits) => [[{ ...(best as Candidate), negativeSimilarity: Number.NaN }, ...others], limits],
      ([best, ...others], limits) => [[{ ...(best as Candidate), validFromMs: Number.NaN }, ...others], limits],
      ([best, ...others], limits) => [[{ ...(best as Candidate), validUntilMs: Number.NaN }, ...others], limits],
    ];
    const clear = candidates.map((found) => [
      ...[0.9, 0.3].map((similarity, i) => ({
        subjectId: `clear${i}`,
        name: 'somebody',
        similarity,
        groups: [],
        validFromMs: null,
        validUntilMs: null,
        negativeSimilarity: null,
      })),
      ...found.map((candidate) => ({ ...candidate, similarity: Math.min(candidate.similarity, 0.2) })),
    ]);
    const limits = { threshold: 0.5, margin: 0.1, nowMs: 5 };
    fc.assert(
      fc.property(clear, fc.constantFrom(...spots), broken, (found, spot, not) => {
        expect(judgeCandidates(found, limits).status).toBe('known');
        expect(judgeCandidates(...spot(found, limits, not)).status).toBe('unknown');
      }),
      RUNS,
    );
  });

  it('does not mind the order of the candidates, whatever numbers they hold', () => {
    const anything = fc.oneof({ weight: 5, arbitrary: cosine }, { weight: 1, arbitrary: broken });
    const anyTime = fc.oneof({ weight: 5, arbitrary: moment }, { weight: 1, arbitrary: broken });
    const shuffled = candidatesOf(candidateWith(anything, anyTime)).chain((found) =>
      fc.tuple(fc.constant(found), fc.shuffledSubarray(found, { minLength: found.length })),
    );
    fc.assert(
      fc.property(shuffled, optionsWith(anything, anyTime), ([found, other], limits) => {
        expect(judgeCandidates(other, limits)).toEqual(judgeCandidates(found, limits));
      }),
      RUNS,
    );
  });
});
