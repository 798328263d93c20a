import type { Frame } from '../pipeline/frame.ts';

/** Which picture of its camera a frame is. */
export type PictureId = Pick<Frame, 'connection' | 'sequence' | 'ptsSeconds'>;

/** Timestamps closer than this are one picture; a camera of 60 frames a second has 16 ms between two. */
const SAME_SECONDS = 0.001;

/** By PTS, within one connection; where the stream has none, by frame. */
export function isSamePicture(a: PictureId, b: PictureId): boolean {
  if (a.connection !== b.connection) return false;
  if (a.sequence === b.sequence) return true;
  // With a NaN on either side this is false, and the frames' own numbers, which differ, decide.
  return a.ptsSeconds !== null && b.ptsSeconds !== null && Math.abs(a.ptsSeconds - b.ptsSeconds) < SAME_SECONDS;
}
