/** Pixels of the picture, x to the right, y down; may be fractional. */
export type Point = readonly [x: number, y: number];

/** x1, y1, x2, y2 in pixels of the picture; x2 and y2 exclusive; clamped to the picture. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** Five points in the order of the ArcFace template. `leftEye` is the one on the image's left. */
export interface Landmarks {
  readonly leftEye: Point;
  readonly rightEye: Point;
  readonly nose: Point;
  readonly mouthLeft: Point;
  readonly mouthRight: Point;
}

export interface Detection {
  readonly box: Box;
  readonly landmarks: Landmarks;
  /** The detector's probability of a face, 0..1. */
  readonly confidence: number;
}

/** A unit vector that stands for a face. Comparable only with embeddings of the same `model`. */
export interface Embedding {
  /** Name of the embedder's catalog entry. */
  readonly model: string;
  /** L2 norm 1. */
  readonly vector: Float32Array;
}

/**
 * What a face is looked up by: its embedding and, while a gallery moves from one model to another, the same face's by the
 * model before. They stay together so that whoever passes one on cannot lose the other.
 */
export interface Probe extends Embedding {
  /** Absent where no gallery is being moved, or that network's answer has no direction. */
  readonly previous?: Embedding;
}

/** Why a face is not compared with the gallery. */
export type UnfitReason =
  | 'too_small'
  | 'low_quality'
  | 'cut_off'
  | 'turned_away'
  | 'too_dark'
  | 'too_bright'
  | 'blurred'
  | 'not_embedded';

/**
 * What `quality` is made of: `size` of the box, `whole` (all landmarks in the picture), `pose`, `light` and `glare` (not too
 * dark, not too bright), `evenness` of the light, `sharpness`, and the embedder's own signal: `norm`, or `rts`.
 */
export type QualitySignal = 'size' | 'whole' | 'pose' | 'light' | 'glare' | 'evenness' | 'sharpness' | 'norm' | 'rts';

/** Each 0..1 and on one scale: below 0.4 it speaks against the face. Those that were measured. */
export type QualityParts = Readonly<Partial<Record<QualitySignal, number>>>;

/** What the networks say of one face, before anybody is looked up. */
export interface AnalysedFace extends Detection {
  /** Null where the face is unfit before embedding, or embeddings were not asked for. */
  readonly embedding: Probe | null;
  /** Fitness to be recognised, 0..1: the least of `qualityParts`; null where the face was not embedded. */
  readonly quality: number | null;
  /** Which part is the least. */
  readonly qualitySignal: QualitySignal | null;
  readonly qualityParts: QualityParts;
  /** Null when the face is fit. */
  readonly unfit: UnfitReason | null;
  /** What the configured scorers said, by name. */
  readonly scores: Readonly<Record<string, number>>;
}

/** A subject that a probe was compared with. */
export interface Candidate {
  readonly subjectId: string;
  readonly name: string;
  /**
   * Cosine of probe and the subject's best template, −1..1; where that is one of the previous model, the cosine that means
   * as much for the present one.
   */
  readonly similarity: number;
  readonly groups: readonly string[];
  /** The subject counts as known from this moment on, wall-clock milliseconds; null: from the start. */
  readonly validFromMs: number | null;
  /** … and until before this one; null: without end. */
  readonly validUntilMs: number | null;
  /** Cosine of probe and the best of the subject's negative templates ("this is not X"); null without one. */
  readonly negativeSimilarity: number | null;
}

/**
 * Why a face that was compared is nobody: nobody is enrolled; the best subject does not reach the `threshold`; one of its
 * negative templates is as similar; the second subject is within the `margin`; it is not valid now.
 */
export type UnknownReason = 'empty_gallery' | 'threshold' | 'negative' | 'margin' | 'expired';

export interface SubjectRef {
  readonly id: string;
  readonly name: string;
}

/** A face with the answer to who it is. */
export interface IdentifiedFace extends AnalysedFace {
  readonly status: 'known' | 'unknown' | 'unfit';
  /** Null unless `known`. */
  readonly subject: SubjectRef | null;
  /** Cosine to the best subject, whether or not it reached the threshold; null where nothing was compared. */
  readonly similarity: number | null;
  /** How far the best subject is ahead of the second one; null where nothing was compared. A sole subject's margin is to zero similarity. */
  readonly margin: number | null;
  /** The subject's groups; none unless `known`. */
  readonly groups: readonly string[];
  /** Who it would be, were they valid now; null unless `reason` is `expired`. */
  readonly lapsed: SubjectRef | null;
  /** Why the face is not known: an UnfitReason, or what speaks against the best subject. Null when known. */
  readonly reason: UnfitReason | UnknownReason | null;
}
