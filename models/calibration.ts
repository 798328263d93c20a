import type { DetectorSettings } from '../config/settings-schema.ts';
import type { DetectorEntry, EmbedderEntry } from './catalog.ts';
import { piecewiseLinear } from './piecewise-linear.ts';

/** Least detection confidence: as set, else what the preset means on this detector's own scale. */
export function confidenceOf(settings: Pick<DetectorSettings, 'confidence' | 'preset'>, entry: DetectorEntry): number {
  return settings.confidence ?? entry.presets[settings.preset];
}

/**
 * The cosine of two embeddings on the scale that people are shown, 0..1: 0.5 lies at the embedder's threshold.
 *
 * @param cosine −1..1; not a number gives 0, which never reaches a threshold.
 */
export function similarityOf(entry: EmbedderEntry, cosine: number): number {
  if (Number.isNaN(cosine)) return 0;
  const { threshold, similaritySlope } = entry.calibration;
  return 1 / (1 + Math.exp(-similaritySlope * (cosine - threshold)));
}

/**
 * How fit a face is to be recognised, 0..1, from the embedder's own signal: piecewise linear between the calibrated
 * points, flat outside them. Not a number gives 0.
 */
export function qualityOf(entry: EmbedderEntry, signal: number): number {
  return piecewiseLinear(entry.calibration.quality.points, signal);
}
