import type { FaceScorer } from '../../pipeline/ports.ts';
import type { CropSheet } from '../crop-sheet.ts';

/**
 * A scorer in the process that runs its networks. Where that is not the detector's process, crops come instead of the
 * picture (`scorerCrops` cuts them). Calls must not overlap: input tensors are reused.
 */
export interface CropScorer extends FaceScorer {
  /**
   * @param sheet a crop for each of the scorer's networks, in their order, for each face.
   * @returns a number for each face, in order.
   */
  scoreCrops(sheet: CropSheet): Promise<number[]>;
}
