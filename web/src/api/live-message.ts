import type { IdentifiedFace, SubjectRef } from '../../../pipeline/face.ts';
import type { Timings } from './api-types.ts';

/** x, y in pixels of the picture. */
export type XY = readonly [x: number, y: number];

/** A face of a live message; `bbox` is x1, y1, x2, y2 in pixels of the picture. */
export interface LiveFace {
  readonly bbox: readonly [number, number, number, number];
  readonly confidence: number;
  readonly keypoints: Readonly<Record<'left_eye' | 'right_eye' | 'nose' | 'mouth_left' | 'mouth_right', XY>> | null;
  readonly status: IdentifiedFace['status'];
  readonly subject: SubjectRef | null;
  readonly similarity: number | null;
  readonly margin: number | null;
  readonly quality: number | null;
  readonly qualitySignal: string | null;
  /** What `quality` is made of, 0..1 each; those that were measured. */
  readonly qualityParts?: Readonly<Record<string, number>>;
  readonly reason: IdentifiedFace['reason'];
  /** What scorers say, by name: `liveness`, 0..1. */
  readonly scores?: Readonly<Record<string, number>>;
}

export interface LiveFrame {
  readonly type: 'frame';
  readonly camera: string;
  readonly sequence: number;
  /** ISO 8601; null where the frame's time is not known. */
  readonly capturedAt: string | null;
  readonly width: number;
  readonly height: number;
  readonly faces: readonly LiveFace[];
  /** The similarity that a face had to reach to be known. */
  readonly threshold: number | null;
  readonly timings: Timings;
  /** How old the picture was when it was sent. */
  readonly ageMs: number;
  readonly dropped: { readonly busy: number; readonly thinned: number; readonly unchanged: number };
}

/** A frame with its picture. */
export interface LiveMessage {
  readonly frame: LiveFrame;
  /** The bytes of the JPEG that `frame` speaks of; a view into the message. */
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Takes a binary message of `/ws/live` apart: uint32 big-endian N, N bytes of UTF-8 JSON, the JPEG.
 * @returns null where the message is none of these: one bad message must not end the view.
 */
export function parseLiveMessage(message: ArrayBuffer): LiveMessage | null {
  if (message.byteLength < 4) return null;
  const length = new DataView(message).getUint32(0, false);
  if (length === 0 || 4 + length >= message.byteLength) return null;
  let frame: LiveFrame;
  try {
    frame = JSON.parse(decoder.decode(new Uint8Array(message, 4, length)));
  } catch {
    return null;
  }
  return isFrame(frame) ? { frame, jpeg: new Uint8Array(message, 4 + length) } : null;
}

/** Takes a text message of `/ws/live?video=0`; null where it is none. */
export function parseLiveFrame(message: string): LiveFrame | null {
  try {
    const frame = JSON.parse(message);
    return isFrame(frame) ? frame : null;
  } catch {
    return null;
  }
}

function isFrame(frame: LiveFrame | null): frame is LiveFrame {
  return (
    frame?.type === 'frame' &&
    typeof frame.camera === 'string' &&
    Array.isArray(frame.faces) &&
    frame.width > 0 &&
    frame.height > 0
  );
}
