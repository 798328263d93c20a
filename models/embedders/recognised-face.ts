import type { AnalysedFace, Embedding, QualityParts } from '../../pipeline/face.ts';
import { qualityOf } from '../calibration.ts';
import type { EmbedderEntry } from '../catalog.ts';
import type { EmbeddedFace } from './embed.ts';
import { judgeFitness } from './fitness.ts';
import { appearanceParts } from './fitness-parts.ts';

/** What an embedder says of a face; what crosses where it has a process of its own. */
export interface RecognisedFace {
  /** Null where the network's answer has no direction. */
  readonly embedding: Embedding | null;
  /** What the aligned crop and the network's own signal say. */
  readonly parts: QualityParts;
}

/** A face that was not embedded, without a reason of its own. */
export const NOT_RECOGNISED = { embedding: null, quality: null, qualitySignal: null } as const;

export function recognisedFace({ vector, signal, appearance }: EmbeddedFace, entry: EmbedderEntry): RecognisedFace {
  const own = entry.calibration.quality.signal;
  return {
    embedding: vector && { model: entry.name, vector },
    parts: { ...appearanceParts(appearance), [own]: qualityOf(entry, signal) },
  };
}

/**
 * The face with what its embedder says of it. Unfit faces keep what was measured: the console shows it.
 *
 * @param face with the parts that its box and landmarks gave.
 * @param oodThreshold quality below this is unfit, 0..1.
 */
export function withRecognition(
  face: AnalysedFace,
  { embedding, parts }: RecognisedFace,
  oodThreshold: number,
): AnalysedFace {
  const qualityParts = { ...face.qualityParts, ...parts };
  if (!embedding) return { ...face, ...NOT_RECOGNISED, qualityParts, unfit: 'not_embedded' };
  return { ...face, embedding, qualityParts, ...judgeFitness(qualityParts, oodThreshold) };
}
