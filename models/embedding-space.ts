import type { EmbedderEntry } from './catalog.ts';

/** Which embeddings can be compared with those of an embedder; given to `openGallery` as it is. */
export interface EmbeddingSpace {
  /** The embedder's catalog name. */
  readonly model: string;
  /** The first 12 digits of its weights' SHA-256; empty where there are none to expect. */
  readonly modelVersion: string;
  /** Numbers in an embedding. */
  readonly width: number;
}

export function embeddingSpace({ name, sha256, embedding }: EmbedderEntry): EmbeddingSpace {
  return { model: name, modelVersion: sha256?.slice(0, 12) ?? '', width: embedding.width };
}
