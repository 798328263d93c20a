import type { EmbedderEntry, ScorerEntry } from '../catalog.ts';
import type { CropSheet } from '../crop-sheet.ts';
import type { RecognisedFace } from '../embedders/recognised-face.ts';

/** An embedder in another process than the detector: what is known of it where its crops are cut. */
export interface RemoteEmbedder {
  readonly key: string;
  readonly entry: EmbedderEntry;
}

/** A scorer in another process than the detector. */
export interface RemoteScorer {
  readonly key: string;
  /** Under which its number stands in a face's `scores`. */
  readonly name: string;
  /** Of its networks, in the order in which it wants their crops. */
  readonly entries: readonly ScorerEntry[];
}

/** What the detector's process cut for a role in another one. */
export interface RoleCrops {
  readonly key: string;
  /** Which faces of the picture the crops are of, in order. */
  readonly faces: readonly number[];
  readonly sheet: CropSheet;
}

/** Which of a process's roles a sheet of crops is for. */
export interface CropOptions {
  readonly key: string;
}

/** What it says of each face, in order. */
export type JudgedCrops = { readonly recognised: readonly RecognisedFace[] } | { readonly scores: readonly number[] };
