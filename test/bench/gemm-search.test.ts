import { expect, it } from 'vitest';
import { GemmSearch, twoBestSubjects } from '../../bench/gemm-search.ts';

it.each([
  ['in falling order', [0.9, 0.8, 0.1, 0.2, 0.3, 0.4], [0, 1]],
  ['in rising order', [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2, 1]],
  ['one subject’s templates before all others', [0.9, 0.1, 0.2, 0.95, 0.3, 0.1], [0, 1]],
  ['the second subject becomes the first', [0.5, 0.4, 0, 0, 0.6, 0.45], [1, 0]],
])('takes the two best subjects, each once: %s', (_, similarity, wanted) => {
  expect(twoBestSubjects(Float32Array.from(similarity), 3)).toEqual(wanted);
});

it('multiplies the gallery with every probe', async () => {
  const gallery = Float32Array.from([1, 0, 0, 1, -1, 0, 0.6, 0.8]);
  await using search = await GemmSearch.open({ gallery, rows: 4, width: 2, subjects: 4, threads: 1 });
  expect(await search.search(Float32Array.from([1, 0, 0, 1, -1, 0]), 3)).toEqual([
    [0, 3],
    [1, 3],
    [2, 1],
  ]);
});
