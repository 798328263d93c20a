import type { Box, IdentifiedFace, Landmarks, Point, SubjectRef } from '../pipeline/face.ts';
import type { DropCounts, FrameResult, StageTimings } from '../pipeline/frame-result.ts';
import { timingsInTenths } from '../pipeline/timings-in-tenths.ts';

type Pixel = [x: number, y: number];

/** One face of a `FrameMessage`. Pixels are whole and those of the frame's picture. */
export interface FaceMessage {
  /** x1, y1, x2, y2. */
  bbox: [x1: number, y1: number, x2: number, y2: number];
  confidence: number;
  keypoints: { left_eye: Pixel; right_eye: Pixel; nose: Pixel; mouth_left: Pixel; mouth_right: Pixel };
  status: IdentifiedFace['status'];
  /** Null unless `known`. */
  subject: SubjectRef | null;
  similarity: number | null;
  margin: number | null;
  /** 0..1. */
  quality: number | null;
  qualitySignal: string | null;
  /** What `quality` is made of, 0..1 each; the least decides. Those that were measured. */
  qualityParts: Record<string, number>;
  /** Null when `known`. */
  reason: IdentifiedFace['reason'];
  /** What the configured scorers say, by name: `liveness`, 0..1. Empty where there are none. */
  scores: Record<string, number>;
}

/** What `/ws/live` says of one analysed frame. Times are milliseconds. */
export interface FrameMessage {
  type: 'frame';
  camera: string;
  sequence: number;
  /** ISO 8601, UTC; null where the frame's time is not known. */
  capturedAt: string | null;
  width: number;
  height: number;
  faces: FaceMessage[];
  /** The similarity that a face had to reach to be known. */
  threshold: number | null;
  timings: StageTimings;
  /** How old the picture was when this was sent. */
  ageMs: number;
  dropped: DropCounts;
}

/**
 * The JSON of one analysed frame, without embeddings. What is not a number is null, so that it is valid JSON whatever a
 * network returned.
 *
 * @param ageMs age of the picture at the moment of sending; default: its age at arrival.
 */
export function frameMessage(result: FrameResult, ageMs: number = result.frame.ageMs): FrameMessage {
  const { frame, faces, threshold, timings, dropped } = result;
  return {
    type: 'frame',
    camera: frame.cameraId,
    sequence: frame.sequence,
    capturedAt: isoTime(frame.capturedAtMs),
    width: frame.width,
    height: frame.height,
    faces: faces.map((face) => faceMessage(face, frame.width, frame.height)),
    threshold: rounded(threshold),
    timings: timingsInTenths(timings),
    ageMs: Math.max(0, whole(ageMs)),
    dropped: { busy: dropped.busy, thinned: dropped.thinned, unchanged: dropped.unchanged },
  };
}

function faceMessage(face: IdentifiedFace, width: number, height: number): FaceMessage {
  const known = face.status === 'known' && face.subject !== null;
  return {
    bbox: wholeBox(face.box, width, height),
    confidence: rounded(face.confidence) ?? 0,
    keypoints: keypoints(face.landmarks),
    status: face.status,
    subject: known && face.subject ? { id: face.subject.id, name: face.subject.name } : null,
    similarity: rounded(face.similarity),
    margin: rounded(face.margin),
    quality: rounded(face.quality),
    qualitySignal: face.qualitySignal,
    qualityParts: finite(face.qualityParts),
    reason: known ? null : face.reason,
    scores: finite(face.scores),
  };
}

function wholeBox([x1, y1, x2, y2]: Box, width: number, height: number): FaceMessage['bbox'] {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, whole(value)));
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}

function keypoints({ leftEye, rightEye, nose, mouthLeft, mouthRight }: Landmarks): FaceMessage['keypoints'] {
  return {
    left_eye: pixel(leftEye),
    right_eye: pixel(rightEye),
    nose: pixel(nose),
    mouth_left: pixel(mouthLeft),
    mouth_right: pixel(mouthRight),
  };
}

function pixel([x, y]: Point): Pixel {
  return [whole(x), whole(y)];
}

/** Also turns −0 into 0. */
function whole(value: number): number {
  return Number.isFinite(value) ? Math.round(value) + 0 : 0;
}

/** Four digits say all that a similarity has to say. */
function rounded(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Math.round(value * 10_000) / 10_000 + 0;
}

/** Two digits each; what is not a number is left out. */
function finite(values: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(entries.map(([name, value]) => [name, Math.round(value * 100) / 100]));
}

function isoTime(ms: number): string | null {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}
