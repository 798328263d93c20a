import { CATALOG } from '../../models/catalog.ts';

/** What a detector's network looks at. */
export interface DetectorReach {
  /** Side of the smallest anchor, pixels of the network's input: a face that is smaller there is not reliably found. */
  readonly anchorPx: number;
  /** The one longest side of its input, pixels; null where `inputSize` sets it. */
  readonly fixedInput: number | null;
  /** Whether a smaller picture is enlarged to the size of its input. */
  readonly enlarges: boolean;
}

/** The starter's smallest prior is a tenth of its input (`Output/extra_dim` of its weights). */
const STARTER_PRIOR = 0.1;
/** Networks that say nothing else: two cells of the usual finest map, whose cells are 8 pixels wide. */
const USUAL_PX = 16;

/**
 * How small a face the network of that catalog name finds. RetinaFace names its anchors; SCRFD's smallest are two cells of
 * its finest map wide (Guo et al. 2021), and YuNet, which has none, is taken to be alike.
 *
 * @param model a name of the catalog; of anything else (a file of one's own) the usual is assumed.
 */
export function detectorReach(model: string): DetectorReach {
  const entry = CATALOG.get(model);
  if (entry?.task !== 'detector') return { anchorPx: USUAL_PX, fixedInput: null, enlarges: true };
  const fixedInput = entry.input.size?.[0] ?? null;
  switch (entry.family) {
    case 'retinaface':
      return { anchorPx: Math.min(...entry.anchors.minSizes.flat()), fixedInput, enlarges: true };
    case 'scrfd':
    case 'yunet':
      return { anchorPx: 2 * Math.min(...entry.levels.map(({ step }) => step)), fixedInput, enlarges: true };
    case 'starter-ssd':
      return { anchorPx: STARTER_PRIOR * (fixedInput ?? 512), fixedInput: fixedInput ?? 512, enlarges: false };
  }
}
