import type { EmbedderEntry } from './catalog.ts';
import { type EmbeddingSpace, embeddingSpace } from './embedding-space.ts';

/** Which embeddings can be compared with those of the previous embedder, and what their cosines mean for the present one. */
export interface PreviousSpace extends EmbeddingSpace {
  /** A cosine `c` of the previous embedder says as much as `factor · c + offset` of the present one. */
  readonly onto: { readonly factor: number; readonly offset: number };
}

/**
 * Both embedders' calibrations map their cosines to one scale of similarity, where 0.5 lies at the threshold: cosines of
 * the same similarity say the same. `slope · (cosine − threshold)` is equal for both then.
 */
export function previousSpace(embedder: EmbedderEntry, previous: EmbedderEntry): PreviousSpace {
  const [now, before] = [embedder.calibration, previous.calibration];
  const factor = before.similaritySlope / now.similaritySlope;
  return { ...embeddingSpace(previous), onto: { factor, offset: now.threshold - factor * before.threshold } };
}
