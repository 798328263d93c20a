import type { IdentifiedFace } from './face.ts';
import type { Frame } from './frame.ts';

/** Milliseconds a frame spent in each stage, from its arrival. `total` is arrival to result. */
export interface StageTimings {
  readonly queue: number;
  readonly detect: number;
  readonly embed: number;
  readonly identify: number;
  readonly total: number;
}

/** Frames of this camera that were not analysed since the server started, by reason. */
export interface DropCounts {
  /** The networks were busy and a newer frame took the waiting place. */
  readonly busy: number;
  /** The camera was analysed less often than asked, so that all cameras get their share. */
  readonly thinned: number;
  /** Nothing in it had changed since the last one that was analysed (`motionGate`). */
  readonly unchanged: number;
}

/** One analysed frame, with every face in it: also the unknown and the unfit, each with its reason. */
export interface FrameResult {
  /** Released by the pipeline after the result's subscribers returned: retain it to keep the pixels longer. */
  readonly frame: Frame;
  readonly faces: readonly IdentifiedFace[];
  /** The similarity and margin that a face had to reach to be known. */
  readonly threshold: number;
  readonly timings: StageTimings;
  readonly dropped: DropCounts;
}
