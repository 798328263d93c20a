import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { ScorerEntry } from '../catalog.ts';
import { type CropSheet, cropAt, cropsOn, writeCrop } from '../crop-sheet.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import type { NetworkInput, Session } from '../runtime/session.ts';
import { cropAround } from './crop-around.ts';
import type { CropScorer } from './crop-scorer.ts';
import { resizeRegion } from './resize-region.ts';
import { scorerSide } from './scorer-crops.ts';

/** One network of the ensemble, loaded. */
export interface LoadedScorer {
  readonly session: Pick<Session, 'input' | 'run'>;
  readonly entry: ScorerEntry;
}

interface Member extends LoadedScorer {
  readonly side: number;
  readonly channels: InputChannels;
  readonly input: NetworkInput;
}

/**
 * Liveness (MiniFASNet, minivision's Silent-Face-Anti-Spoofing): how much a face looks like one in front of the camera
 * rather than one on paper or on a screen. Each network of the ensemble sees its own crop; the mean of their softmaxes
 * counts, since each errs alone. No certified presentation-attack detection.
 *
 * Calls must not overlap: input tensors are reused.
 */
export class MiniFasNetScorer implements CropScorer {
  /** Under which the number stands in a face's `scores`. */
  readonly name: string;
  readonly #members: readonly Member[];

  /** @param networks at least one; all of one ensemble. */
  constructor(networks: readonly LoadedScorer[]) {
    this.name = networks[0]!.entry.scores;
    this.#members = networks.map(({ session, entry }) => {
      const side = scorerSide(entry);
      return { session, entry, side, channels: inputChannels(entry.input), input: session.input([1, 3, side, side]) };
    });
  }

  /**
   * @param image not retained.
   * @returns for each face the chance that it is live, 0..1; 0 where the networks' answer is not a number or the box holds
   *   no pixel, so that what cannot be judged never counts as live.
   */
  async score(image: PixelImage, faces: readonly Detection[]): Promise<number[]> {
    const scores: number[] = [];
    for (const { box } of faces) {
      const live = await this.#live(({ entry, side, channels, input }) => {
        const region = cropAround(box, image, entry.crop);
        if (region) resizeRegion(image, region, side, channels, input.data);
        return region !== null;
      });
      scores.push(live);
    }
    return scores;
  }

  async scoreCrops(sheet: CropSheet): Promise<number[]> {
    const scores: number[] = [];
    for (let next = 0; next < cropsOn(sheet); ) {
      const live = await this.#live(({ channels, input }) => {
        writeCrop(cropAt(sheet, next++), channels, input.data);
        return true;
      });
      scores.push(live);
    }
    return scores;
  }

  /** @param fill puts the face into a network's input; false where there is nothing to put. */
  async #live(fill: (member: Member) => boolean): Promise<number> {
    let sum = 0;
    for (const member of this.#members) {
      if (!fill(member)) return 0;
      const { session, entry, input } = member;
      const logits = (await session.run(input))[entry.outputs.logits]!;
      sum += softmaxAt(logits, entry.liveClass);
    }
    const live = sum / this.#members.length;
    return Number.isFinite(live) ? live : 0;
  }
}

function softmaxAt(logits: Float32Array, index: number): number {
  const highest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, value) => total + Math.exp(value - highest), 0);
  return Math.exp(logits[index]! - highest) / sum;
}
