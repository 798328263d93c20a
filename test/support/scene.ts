import type { Box, IdentifiedFace } from '../../pipeline/face.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { fakeFrame } from './fake-frame.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Somebody's id, made from their name. */
export function idOf(name: string): string {
  return `01900000-0000-7000-8000-${Buffer.from(name.padEnd(6, '.').slice(0, 6)).toString('hex')}`;
}

/** A fit face that was recognised. */
export function knownFace(name: string, fields: Partial<IdentifiedFace> = {}): IdentifiedFace {
  const box: Box = fields.box ?? [100, 100, 200, 200];
  const middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] as const;
  return {
    box,
    landmarks: { leftEye: middle, rightEye: middle, nose: middle, mouthLeft: middle, mouthRight: middle },
    confidence: 0.98,
    embedding: { model: 'testnet-4d', vector: Float32Array.of(1, 0, 0, 0) },
    quality: 0.83,
    qualitySignal: 'norm',
    qualityParts: {},
    unfit: null,
    scores: {},
    status: 'known',
    subject: { id: idOf(name), name },
    similarity: 0.71,
    margin: 0.22,
    groups: [],
    lapsed: null,
    reason: null,
    ...fields,
  };
}

/** A fit face that is nobody's. */
export function unknownFace(fields: Partial<IdentifiedFace> = {}): IdentifiedFace {
  return knownFace('nobody', {
    status: 'unknown',
    subject: null,
    similarity: 0.12,
    margin: 0.02,
    reason: 'threshold',
    ...fields,
  });
}

export interface SceneFrame extends Partial<Omit<Frame, 'retain' | 'release'>> {
  /** How long the networks took, after the frame's arrival. */
  analysisMs?: number;
}

/** What a camera films while a virtual clock runs: frames whose times all fit together, unless they are told not to. */
export class Scene {
  readonly clock: VirtualClock;
  #sequence = 0;

  constructor(start: { wallMs?: number } = {}) {
    this.clock = new VirtualClock(start);
  }

  /** A result that is ready now. Its PTS is the time it was taken. */
  result(faces: readonly IdentifiedFace[], { analysisMs = 60, ...fields }: SceneFrame = {}): FrameResult {
    this.#sequence += 1;
    const ageMs = fields.ageMs ?? 40;
    const arrivedAtMs = fields.arrivedAtMs ?? this.clock.monotonicMs() - analysisMs;
    const takenMs = arrivedAtMs - ageMs;
    const frame = fakeFrame({
      sequence: this.#sequence,
      ptsSeconds: takenMs / 1000,
      capturedAtMs: this.clock.wallMs() - analysisMs - ageMs,
      ...fields,
      ageMs,
      arrivedAtMs,
    });
    const timings = { queue: 0, detect: analysisMs, embed: 0, identify: 0, total: analysisMs };
    return { frame, faces, threshold: 0.45, timings, dropped: { busy: 0, thinned: 0, unchanged: 0 } };
  }
}
