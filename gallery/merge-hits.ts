import type { IndexHit } from './embedding-index.ts';

/**
 * What several searches for one face found, each among its own templates: every subject once, by the best of its
 * similarities. Exact where each list holds the `k` best of its search: whoever is among the `k` best of all is among
 * those of the search that found them best.
 *
 * @param lists best first; similarities on one scale.
 * @returns the `k` most similar subjects, best first.
 */
export function mergeHits(lists: readonly (readonly IndexHit[])[], k: number): IndexHit[] {
  const [only, ...others] = lists.filter((hits) => hits.length > 0);
  if (!only || others.length === 0) return [...(only ?? [])].slice(0, k);
  const best = new Map<string, IndexHit>();
  for (const hit of lists.flat()) {
    const known = best.get(hit.subjectId);
    if (!known || hit.similarity > known.similarity) best.set(hit.subjectId, hit);
  }
  return [...best.values()].sort((a, b) => b.similarity - a.similarity).slice(0, k);
}
