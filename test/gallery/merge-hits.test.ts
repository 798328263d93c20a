import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { IndexHit } from '../../gallery/embedding-index.ts';
import { mergeHits } from '../../gallery/merge-hits.ts';
import { SearchedTemplates } from '../../gallery/searched-templates.ts';

const SUBJECTS = ['ada', 'bob', 'cyd', 'dan', 'eve'];
/** Directions in a plane, so that cosines are plain to see. */
const template = fc.record({ subject: fc.constantFrom(...SUBJECTS), degrees: fc.integer({ min: 0, max: 359 }) });
const direction = (degrees: number) =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
const scale = fc.record({
  factor: fc.double({ min: 0.1, max: 8, noNaN: true }),
  offset: fc.double({ min: -2, max: 2, noNaN: true }),
});

it('finds whom a comparison with every template finds, by the best of both models', async () => {
  const angle = fc.integer({ min: 0, max: 359 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(template, { maxLength: 12 }),
      fc.array(template, { maxLength: 12 }),
      scale,
      angle,
      angle,
      fc.integer({ min: 1, max: 6 }),
      async (ofNew, ofOld, onto, probe, previous, k) => {
        const own = new SearchedTemplates({ of: { model: 'new', modelVersion: '' }, width: 2 });
        const old = new SearchedTemplates({ of: { model: 'old', modelVersion: '' }, width: 2, onto });
        const expected = new Map<string, number>();
        const enrol = (into: SearchedTemplates, all: typeof ofNew, from: number, carried: (cosine: number) => number) =>
          all.forEach(({ subject, degrees }, i) => {
            into.put(`${into.of.model} ${i}`, subject, 'positive', direction(degrees));
            const cosine = Math.cos(((degrees - from) * Math.PI) / 180);
            const similarity = Math.max(-1, Math.min(1, carried(cosine)));
            expected.set(subject, Math.max(similarity, expected.get(subject) ?? -1));
          });
        enrol(own, ofNew, probe, (cosine) => cosine);
        enrol(old, ofOld, previous, (cosine) => onto.factor * cosine + onto.offset);
        const [[found], [before]] = await Promise.all([
          own.search([direction(probe)], k),
          old.search([direction(previous)], k),
        ]);
        const hits = mergeHits([found ?? [], before ?? []], k);
        const best = [...expected.values()].sort((a, b) => b - a).slice(0, k);
        expect(hits).toHaveLength(best.length);
        expect(new Set(hits.map(({ subjectId }) => subjectId)).size).toBe(hits.length);
        for (const [i, { subjectId, similarity }] of hits.entries()) {
          expect(similarity).toBeCloseTo(best[i] as number, 4);
          expect(similarity).toBeCloseTo(expected.get(subjectId) as number, 4);
        }
        await Promise.all([own.close(), old.close()]);
      },
    ),
    { numRuns: 300 },
  );
});

it('leaves the answer of a single search as it is', () => {
  const hits: IndexHit[] = [
    { subjectId: 'b', similarity: 0.5 },
    { subjectId: 'a', similarity: 0.5 },
  ];
  expect(mergeHits([hits, []], 2)).toEqual(hits);
  expect(mergeHits([[], hits], 1)).toEqual(hits.slice(0, 1));
  expect(mergeHits([[], []], 1)).toEqual([]);
});
