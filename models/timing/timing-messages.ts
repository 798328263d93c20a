import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { FaceAnalyserConfig } from '../inference/face-analyser.ts';
import type { PlacedNetwork } from '../inference/networks.ts';
import type { WireError } from '../processes/process-messages.ts';

/** One network at one input shape, or all that is done with a picture. */
export type TimingWork =
  | { readonly kind: 'network'; readonly network: PlacedNetwork; readonly shape: readonly number[] }
  | { readonly kind: 'picture'; readonly config: FaceAnalyserConfig; readonly picture: PixelImage };

export interface TimingTask {
  readonly work: TimingWork;
  /** How long to go on; a few runs are made in any case. */
  readonly seconds: number;
}

export interface Timing {
  readonly runs: number;
  /** Of one run. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Runs one after the other. */
  readonly perSecond: number;
  /** Until the networks were loaded, proven and had run once. */
  readonly startMs: number;
  /** The most memory that the process ever had, the runtime's own included, MiB. */
  readonly peakMemoryMb: number;
  /** Faces in the picture; null where a network ran alone. */
  readonly faces: number | null;
}

export type TimingAnswer =
  | { readonly type: 'timed'; readonly timing: Timing }
  | { readonly type: 'failed'; readonly error: WireError };
