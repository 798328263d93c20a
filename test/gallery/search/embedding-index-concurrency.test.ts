import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { EmbeddingIndex, type IndexHit } from '../../../gallery/embedding-index.ts';
import { TemplateRows } from '../../../gallery/search/template-rows.ts';
import { randomNumbers, randomUnitVector } from '../../support/random-numbers.ts';

type Templates = ReadonlyMap<string, { readonly subject: string; readonly vector: Float32Array }>;

const WIDTH = 3;
const K = 2;

/** From a small grid: equal vectors, equal similarities and opposite ones are common. */
const vector = fc
  .array(fc.integer({ min: -2, max: 2 }), { minLength: WIDTH, maxLength: WIDTH })
  .filter((values) => values.some((value) => value !== 0))
  .map((values) => Float32Array.from(values));

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('put' as const), template: fc.nat(8), subject: fc.nat(4), vector }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), template: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('search' as const), probes: fc.array(vector, { maxLength: 6 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const), turns: fc.nat(3) }) },
);

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0) / (Math.hypot(...a) * Math.hypot(...b));
}

/** Whether `hits` are right for `probe` when the index holds `templates`. Equal similarities may stand in any order. */
function isRight(hits: readonly IndexHit[], probe: Float32Array, templates: Templates): boolean {
  const best = new Map<string, number>();
  for (const { subject, vector: held } of templates.values()) {
    best.set(subject, Math.max(best.get(subject) ?? -1, cosine(probe, held)));
  }
  const expected = [...best.values()].sort((a, b) => b - a).slice(0, K);
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-5;
  return (
    hits.length === expected.length &&
    new Set(hits.map(({ subjectId }) => subjectId)).size === hits.length &&
    hits.every((hit, i) => near(hit.similarity, expected[i] as number)) &&
    hits.every(({ subjectId, similarity }) => near(similarity, best.get(subjectId) ?? Number.NaN))
  );
}

describe('EmbeddingIndex while threads search', () => {
  it('answers from the state before or after each change, never from a mixture, and never with what was removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        await using index = new EmbeddingIndex(WIDTH, { threads: 3, onCallingThreadBytes: 0 });
        const states: Templates[] = [new Map()];
        const now = () => states.at(-1) as Templates;
        const answers: Promise<void>[] = [];
        for (const one of steps) {
          const next = new Map(now());
          if (one.do === 'put') {
            index.put(`t${one.template}`, `s${one.subject}`, one.vector);
            next.set(`t${one.template}`, { subject: `s${one.subject}`, vector: one.vector });
          } else if (one.do === 'remove') {
            index.remove(`t${one.template}`);
            next.delete(`t${one.template}`);
          } else if (one.do === 'clear') {
            index.clear();
            next.clear();
          } else if (one.do === 'pause') {
            for (let turn = 0; turn < one.turns; turn += 1) await new Promise(setImmediate);
          } else {
            const called = states.length - 1;
            const searched = index.search(one.probes, K).then((found) => {
              const possible = states.slice(called);
              expect(
                possible.some((state) => one.probes.every((probe, p) => isRight(found[p] ?? [], probe, state))),
              ).toBe(true);
              for (const { subjectId } of found.flat()) {
                expect([...now().values()].some(({ subject }) => subject === subjectId)).toBe(true);
              }
            });
            answers.push(searched);
          }
          if (one.do === 'put' || one.do === 'remove' || one.do === 'clear') states.push(next);
          expect(index.size).toBe(now().size);
          expect(index.countOf('s1')).toBe([...now().values()].filter(({ subject }) => subject === 's1').length);
        }
        await Promise.all(answers);
      }),
      { numRuns: 12 },
    );
  });

  it('refuses more than it can hold in its line, and answers those that wait', async () => {
    await using index = new EmbeddingIndex(WIDTH, { threads: 1, onCallingThreadBytes: 0 });
    index.put('t', 'ada', Float32Array.of(1, 0, 0));
    const probes = (count: number) => Array.from({ length: count }, () => Float32Array.of(1, 0, 0));
    const running = index.search(probes(1), K);
    const waiting = index.search(probes(1000), K);
    await expect(index.search(probes(100), K)).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
    expect((await running).length + (await waiting).length).toBe(1001);
    expect((await index.search(probes(100), K)).flat()).toHaveLength(100);
  });

  it('is searched by the calling thread, between other work, where no thread can be started; and says so once', async () => {
    const missing: unknown[] = [];
    await using index = new EmbeddingIndex(64, {
      threads: 2,
      onCallingThreadBytes: 0,
      threadEntry: new URL('./no-such-thread.ts', import.meta.url),
      onThreadsMissing: (error) => missing.push(error),
    });
    const random = randomNumbers(3);
    const vectors = Array.from({ length: 20_000 }, () => randomUnitVector(random, 64));
    for (const [n, each] of vectors.entries()) index.put(`t${n}`, `s${n}`, each);
    const first = await index.search([vectors[19_999] as Float32Array], K);
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 0);
    const found = await index.search(vectors.slice(0, 100), K);
    clearInterval(turning);
    expect(first[0]?.[0]?.subjectId).toBe('s19999');
    expect(found.map((hits) => hits[0]?.subjectId)).toEqual(Array.from({ length: 100 }, (_, n) => `s${n}`));
    expect(turns).toBeGreaterThan(1);
    expect(missing).toMatchObject([{ code: 'GALLERY_UNAVAILABLE' }]);
  });

  it('is empty at once when it is cleared, and close waits until all of it is overwritten', async () => {
    const index = new EmbeddingIndex(512, { threads: 1 });
    const random = randomNumbers(4);
    const probe = randomUnitVector(random, 512);
    for (let n = 0; n < 6000; n += 1) index.put(`t${n}`, `s${n}`, randomUnitVector(random, 512));
    index.put('old', 'old', probe);
    const wiped = vi.spyOn(TemplateRows.prototype, 'wipe');
    index.clear();
    expect([index.size, await index.search([probe], K)]).toEqual([0, [[]]]);
    index.put('new', 'new', probe);
    expect((await index.search([probe], K))[0]?.map(({ subjectId }) => subjectId)).toEqual(['new']);
    const order: string[] = [];
    for (const { value } of wiped.mock.results) void (value as Promise<void>).then(() => order.push('overwritten'));
    await index.close().then(() => order.push('closed'));
    wiped.mockRestore();
    expect(order).toEqual(['overwritten', 'closed']);
  });

  it('closes after the search that runs, refuses those that wait and those that come', async () => {
    const index = new EmbeddingIndex(WIDTH, { threads: 2, onCallingThreadBytes: 0 });
    index.put('t', 'ada', Float32Array.of(1, 0, 0));
    const running = index.search([Float32Array.of(1, 0, 0)], K);
    const waiting = index.search([Float32Array.of(1, 0, 0)], K);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
    const closed = [index.close(), index.close()];
    await expect(index.search([Float32Array.of(1, 0, 0)], K)).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
    await Promise.all([refused, ...closed]);
    expect((await running)[0]?.[0]?.subjectId).toBe('ada');
    expect(index.size).toBe(0);
  });
});
