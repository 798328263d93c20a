import type { AnalysedFace } from '../../pipeline/face.ts';
import { qualityOf } from '../calibration.ts';
import type { EmbedderEntry } from '../catalog.ts';
import type { EmbeddedFace } from './embed.ts';

/** What an embedder says of a face. */
export type RecognisedFace = Pick<AnalysedFace, 'embedding' | 'quality' | 'qualitySignal' | 'unfit'>;

/** A face that was not embedded, without a reason of its own. */
export const NOT_RECOGNISED: RecognisedFace = { embedding: null, quality: null, qualitySignal: null, unfit: null };

/**
 * Whether an embedded face is fit to be recognised, and how much so. Unfit faces keep what was measured: the console
 * shows it.
 *
 * @param oodThreshold quality below this is unfit, 0..1.
 */
export function judgeFitness(face: EmbeddedFace, entry: EmbedderEntry, oodThreshold: number): RecognisedFace {
  const { vector, signal } = face;
  if (!vector) return { ...NOT_RECOGNISED, unfit: 'not_embedded' };
  const quality = qualityOf(entry, signal);
  return {
    embedding: { model: entry.name, vector },
    quality,
    qualitySignal: entry.calibration.quality.signal,
    unfit: quality < oodThreshold ? 'low_quality' : null,
  };
}
