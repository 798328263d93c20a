import type { Box } from '../../pipeline/face.ts';

/** Share of the two boxes' joint area that both cover, 0..1; 0 where neither has an area. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (!(width > 0 && height > 0)) return 0;
  const both = width * height;
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

/**
 * Greedy non-maximum suppression: keeps the most confident box, drops what overlaps it by more than `nms`, and so on until
 * `most` are kept.
 *
 * @returns best first; equals stay in their order, so that the same picture always gives the same faces.
 */
export function suppressOverlaps<T extends { readonly box: Box; readonly confidence: number }>(
  candidates: readonly T[],
  nms: number,
  most: number,
): T[] {
  const kept: T[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.confidence - a.confidence)) {
    if (kept.length >= most) break;
    if (kept.every((better) => intersectionOverUnion(better.box, candidate.box) <= nms)) kept.push(candidate);
  }
  return kept;
}
