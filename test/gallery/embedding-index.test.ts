import { describe, expect, it } from 'vitest';
import { EmbeddingIndex } from '../../gallery/embedding-index.ts';
import { randomNumbers, randomUnitVector } from '../support/random-numbers.ts';

const of = (...values: number[]) => Float32Array.from(values);

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum / (Math.hypot(...a) * Math.hypot(...b));
}

describe('EmbeddingIndex', () => {
  it('finds nobody in an empty index', async () => {
    expect(await new EmbeddingIndex(3).search([of(1, 0, 0)], 2)).toEqual([[]]);
  });

  it('answers each probe with distinct subjects, each by its best template', async () => {
    const index = new EmbeddingIndex(3);
    index.put('a1', 'ada', of(1, 0, 0));
    index.put('a2', 'ada', of(1, 0.1, 0));
    index.put('a3', 'ada', of(1, 0.2, 0));
    index.put('b1', 'bob', of(0, 1, 0));
    index.put('c1', 'cyd', of(0, 0, 1));
    const [first, second] = await index.search([of(1, 0.1, 0), of(0, 1, 0.5)], 2);
    expect(first?.map((hit) => hit.subjectId)).toEqual(['ada', 'bob']);
    expect(first?.[0]?.similarity).toBeCloseTo(1, 6);
    expect(second?.map((hit) => hit.subjectId)).toEqual(['bob', 'cyd']);
  });

  it('gives the second subject also when the best one has the first places to itself', async () => {
    const index = new EmbeddingIndex(2);
    index.put('b1', 'bob', of(0.5, 0.9));
    for (let n = 0; n < 200; n += 1) index.put(`a${n}`, 'ada', of(1, n / 1000));
    const [hits] = await index.search([of(1, 0)], 2);
    expect(hits?.map((hit) => hit.subjectId)).toEqual(['ada', 'bob']);
    expect(hits?.[1]?.similarity).toBeCloseTo(cosine(of(1, 0), of(0.5, 0.9)), 6);
  });

  it.each([
    ['zero', of(0, 0, 0)],
    ['NaN', of(1, Number.NaN, 0)],
    ['infinite', of(1, Number.POSITIVE_INFINITY, 0)],
    ['too short to have a direction', of(1e-9, 0, 0)],
  ])('finds nobody for a probe that is %s, and still answers its neighbours', async (_, probe) => {
    const index = new EmbeddingIndex(3);
    index.put('a1', 'ada', of(1, 0, 0));
    const hits = await index.search([of(1, 0, 0), probe, of(2, 0, 0)], 2);
    expect(hits.map((list) => list.length)).toEqual([1, 0, 1]);
  });

  it('compares directions, whatever the lengths, and never answers outside −1..1', async () => {
    const index = new EmbeddingIndex(3);
    index.put('a1', 'ada', of(0.1, 0.1, 0.1));
    index.put('b1', 'bob', of(-3, -3, -3));
    const [hits] = await index.search([of(7, 7, 7)], 2);
    expect(hits?.[0]?.similarity).toBeCloseTo(1, 6);
    expect(hits?.[0]?.similarity).toBeLessThanOrEqual(1);
    expect(hits?.[1]?.similarity).toBeGreaterThanOrEqual(-1);
  });

  // 13 is no multiple of the unrolled eight; 1100 rows cross two blocks and five doublings.
  it.each([
    [13, 1100, 1],
    [128, 700, 2],
    [512, 300, 5],
  ])('agrees with a plain loop: width %i, %i templates, k %i, through 400 changes', async (width, templates, k) => {
    const random = randomNumbers(width);
    const index = new EmbeddingIndex(width);
    const plain = new Map<string, { subject: string; vector: Float32Array }>();
    const put = (n: number) => {
      const vector = randomUnitVector(random, width);
      const subject = `s${Math.floor(random() * 60)}`;
      index.put(`t${n}`, subject, vector);
      plain.set(`t${n}`, { subject, vector });
    };
    for (let n = 0; n < templates; n += 1) put(n);
    for (let n = 0; n < 400; n += 1) {
      const victim = Math.floor(random() * templates);
      if (n % 4 === 0) put(victim);
      else {
        index.remove(`t${victim}`);
        plain.delete(`t${victim}`);
      }
    }
    expect(index.size).toBe(plain.size);
    const counts = Map.groupBy(plain.values(), ({ subject }) => subject);
    for (const [subject, list] of counts) expect(index.countOf(subject)).toBe(list.length);

    const probes = Array.from({ length: 7 }, () => randomUnitVector(random, width));
    const found = await index.search(probes, k);
    for (const [p, probe] of probes.entries()) {
      const best = new Map<string, number>();
      for (const { subject, vector } of plain.values()) {
        best.set(subject, Math.max(best.get(subject) ?? -1, cosine(probe, vector)));
      }
      const expected = [...best].sort((a, b) => b[1] - a[1]).slice(0, k);
      expect(found[p]?.map((hit) => hit.subjectId)).toEqual(expected.map(([subject]) => subject));
      for (const [i, [, similarity]] of expected.entries()) {
        expect(found[p]?.[i]?.similarity).toBeCloseTo(similarity, 5);
      }
    }
  });

  it('is empty again when every template was removed, and usable after clear', async () => {
    const index = new EmbeddingIndex(2);
    index.put('a', 'ada', of(1, 0));
    index.put('b', 'bob', of(0, 1));
    index.remove('a');
    index.remove('a');
    index.remove('b');
    expect([index.size, index.countOf('ada'), await index.search([of(1, 0)], 2)]).toEqual([0, 0, [[]]]);
    index.put('a', 'ada', of(1, 0));
    index.clear();
    expect(await index.search([of(1, 0)], 2)).toEqual([[]]);
    index.put('c', 'cyd', of(1, 0));
    expect((await index.search([of(1, 0)], 2))[0]?.[0]?.subjectId).toBe('cyd');
  });
});
