import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BestSubjects, type BestTemplate, mergeBest } from '../../../gallery/search/best-subjects.ts';

/** Few subjects and few similarities: ties everywhere. */
const templates = fc
  .array(fc.record({ subject: fc.nat(6), similarity: fc.integer({ min: -3, max: 3 }) }), { maxLength: 60 })
  .map((list) => list.map((template, row): BestTemplate => ({ ...template, row })));

function bruteForce(all: readonly BestTemplate[], k: number): BestTemplate[] {
  const sorted = [...all].sort((a, b) => b.similarity - a.similarity || a.row - b.row);
  return sorted.filter((t, i) => sorted.findIndex((other) => other.subject === t.subject) === i).slice(0, k);
}

describe('the best subjects', () => {
  it('are those of sorting everything; of equals the lower row', () => {
    fc.assert(
      fc.property(templates, fc.integer({ min: 1, max: 9 }), (all, k) => {
        const best = new BestSubjects(k);
        for (const template of all) best.offer(template);
        expect(best.list).toEqual(bruteForce(all, k));
      }),
    );
  });

  it('are the same when several look through parts of the rows', () => {
    const shares = fc.array(fc.nat(2), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(templates, shares, fc.integer({ min: 1, max: 9 }), (all, whose, k) => {
        const parts = [0, 1, 2].map((one) => {
          const best = new BestSubjects(k);
          for (const template of all) if (whose[template.row] === one) best.offer(template);
          return best.list;
        });
        expect(mergeBest(parts, k)).toEqual(bruteForce(all, k));
      }),
    );
  });

  it('never has a floor above what it would keep', () => {
    fc.assert(
      fc.property(templates, fc.integer({ min: 1, max: 9 }), (all, k) => {
        const best = new BestSubjects(k);
        for (const template of all) {
          const kept = !bruteForce([...best.list, template], k).every((t) => best.list.includes(t));
          expect(template.similarity > best.floorOf(template.subject)).toBe(kept);
          best.offer(template);
        }
      }),
    );
  });
});
