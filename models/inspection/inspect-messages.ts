import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { ModelDescription } from '../onnx/describe-model.ts';
import type { WireError } from '../processes/process-messages.ts';
import type { ResolvedModel } from '../store.ts';

/** A file's size, hash and what it says of its inputs and outputs. */
export interface ModelFacts extends ModelDescription {
  readonly bytes: number;
  readonly sha256: string;
}

/** A provider that was asked to run a model. */
export interface ProviderTrial {
  readonly provider: string;
  /** Of one run after the first, milliseconds; null where it does not run it. */
  readonly latencyMs: number | null;
  /** Why not; null where it does. */
  readonly why: string | null;
}

/** A model that was loaded and has run once on zeros, on the CPU. */
export interface LoadTrial {
  readonly provider: string;
  /** What the process grew by, MiB. */
  readonly memoryMb: number;
}

/** What a model made of a real face, in a sentence for people. */
export interface FaceTrial {
  readonly found: string;
}

/** A detector, with the network that its faces' landmarks need, if any. */
export interface HelpingDetector {
  readonly detector: ResolvedModel;
  readonly landmarks: ResolvedModel | null;
}

export type InspectRequest =
  | { readonly type: 'describe'; readonly path: string }
  | { readonly type: 'load'; readonly model: ResolvedModel }
  | { readonly type: 'provider'; readonly model: ResolvedModel; readonly provider: string }
  | {
      readonly type: 'face';
      readonly model: ResolvedModel;
      /** Finds the face for an embedder or scorer; null where the model itself is the detector. */
      readonly helper: HelpingDetector | null;
      readonly picture: PixelImage;
    };

export interface InspectAnswers {
  describe: ModelFacts;
  load: LoadTrial;
  provider: ProviderTrial;
  face: FaceTrial;
}

export type ToInspector = InspectRequest & { readonly id: number };

export type FromInspector =
  | { readonly id: number; readonly answer: InspectAnswers[keyof InspectAnswers] }
  | { readonly id: number; readonly error: WireError };
