import { ir101 } from './ir-101.ts';
import type { RandomNetwork } from './random-network.ts';
import { retinaFace } from './retinaface.ts';

/**
 * Networks too large to lie on every machine, by catalog name: the true architecture with random weights, built on the
 * spot, to time a machine before somebody fetches hundreds of megabytes. Never for recognition: their files say so.
 */
export const TIMING_NETWORKS: Readonly<Record<string, () => RandomNetwork>> = {
  'retinaface-mobilenet1.0': () => retinaFace('retinaface-mobilenet1.0', { mobilenet: 1 }),
  'retinaface-resnet50': () => retinaFace('retinaface-resnet50', { resnet: 50 }),
  'retinaface-resnet101': () => retinaFace('retinaface-resnet101', { resnet: 101 }),
  'curricularface-ir101-512d': () => ir101('curricularface-ir101-512d'),
};
