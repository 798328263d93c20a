import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { RoleProof } from '../processes/role-report.ts';
import type { ResolvedModel } from '../store.ts';

/** A network, and where in the machine it is to run. */
export interface PlacedNetwork {
  readonly model: ResolvedModel;
  readonly providers: 'auto' | readonly string[];
  /** As the settings name it; undefined: the provider's first. */
  readonly device?: string | undefined;
}

export interface PlacedEmbedder extends PlacedNetwork {
  /** Embed the mirror image of each face as well. Default false. */
  readonly flip?: boolean;
}

/** One piece of work: a picture, or a sheet of crops. */
export interface Job<Options> {
  readonly image: PixelImage;
  readonly options: Options;
}

/** The networks of one inference process: what it can be asked. Calls must not overlap: input tensors are reused. */
export interface Networks<Options = unknown, Answer = unknown> {
  /** What each of them runs on. */
  readonly proofs: readonly RoleProof[];
  /** Jobs that it gains from being given at once; 1: none. */
  readonly most: number;
  /** How long it is worth waiting for more of them, milliseconds. */
  readonly withinMs: number;
  /** @returns an answer, or the reason why there is none, for each job in order. @param jobs 1 … `most`; not retained. */
  work(jobs: readonly Job<Options>[]): Promise<PromiseSettledResult<Answer>[]>;
}
