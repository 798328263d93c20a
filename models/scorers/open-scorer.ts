import type { CropScorer } from './crop-scorer.ts';
import { type LoadedScorer, MiniFasNetScorer } from './minifasnet.ts';

/** The scorer that these networks are, by their family. @param networks at least one; all of one ensemble. */
export function openScorer(networks: readonly LoadedScorer[]): CropScorer {
  const { family } = networks[0]!.entry;
  switch (family) {
    case 'minifasnet':
      return new MiniFasNetScorer(networks);
  }
}
