import type { AnalysedFace, QualityParts, QualitySignal, UnfitReason } from '../../pipeline/face.ts';
import { PART_GATE } from './fitness-parts.ts';

/** What a low part is called when it is the reason; those that name a cause come before the embedder's own signal. */
const REASONS: readonly (readonly [QualitySignal, UnfitReason])[] = [
  ['size', 'too_small'],
  ['whole', 'cut_off'],
  ['pose', 'turned_away'],
  ['light', 'too_dark'],
  ['glare', 'too_bright'],
  ['evenness', 'too_dark'],
  ['sharpness', 'blurred'],
];

/** Why a face is not worth embedding, whatever the settings ask of its quality; null where nothing speaks against it. */
export function unfitByGeometry(parts: QualityParts): UnfitReason | null {
  return reasonBelow(parts, PART_GATE);
}

/**
 * How fit an embedded face is to be recognised. The least part decides: a face is no better for being large when it is
 * blurred.
 *
 * @param parts with the embedder's own among them.
 * @param oodThreshold quality below this is unfit, 0..1.
 */
export function judgeFitness(
  parts: QualityParts,
  oodThreshold: number,
): Pick<AnalysedFace, 'quality' | 'qualitySignal' | 'unfit'> {
  const [qualitySignal, quality] = least(Object.entries(parts) as [QualitySignal, number][]);
  const unfit = quality >= oodThreshold ? null : (reasonBelow(parts, oodThreshold) ?? 'low_quality');
  return { quality, qualitySignal, unfit };
}

function reasonBelow(parts: QualityParts, gate: number): UnfitReason | null {
  const failing = REASONS.flatMap(([signal, reason]) => {
    const part = parts[signal];
    return part !== undefined && part < gate ? [[reason, part] as const] : [];
  });
  return failing.length > 0 ? least(failing)[0] : null;
}

/** The first of several that are alike. */
function least<T>(entries: readonly (readonly [T, number])[]): readonly [T, number] {
  return entries.reduce((lowest, entry) => (entry[1] < lowest[1] ? entry : lowest));
}
