import type { AccessEvent, EventDraft } from '../../pipeline/access-event.ts';
import type { Box } from '../../pipeline/face.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { cutFace } from '../pictures/face-picture.ts';

/** Pixels that wait for their turn, and the events that they become the picture of. */
export interface SnapshotPixels {
  readonly image: PixelImage;
  readonly events: readonly AccessEvent[];
  /** Bytes of memory held. */
  readonly bytes: number;
  /** Once; the pixels must not be read after it. */
  release(): void;
}

/** A copy of the face with its surroundings: no frame is held back from its camera. */
export function cropOf(frame: PixelImage, box: Box, event: AccessEvent): SnapshotPixels {
  const image = cutFace(frame, box);
  return { image, events: [event], bytes: image.data.length, release: () => void image.data.fill(0) };
}

/** The frame itself where `hold` says so, otherwise a copy of it. */
export function wholeFrame(frame: Frame, events: readonly AccessEvent[], hold: boolean): SnapshotPixels {
  const { width, height, format } = frame;
  if (hold) {
    frame.retain();
    return { image: frame, events, bytes: frame.data.length, release: () => frame.release() };
  }
  const data = frame.data.slice();
  return { image: { width, height, format, data }, events, bytes: data.length, release: () => void data.fill(0) };
}

/** Where the face is that a draft is about, as long as it is one in this very frame; else null. */
export function boxIn(frame: Frame, { box, camera, frameSequence }: EventDraft): Box | null {
  return box && camera === frame.cameraId && frameSequence === frame.sequence ? box : null;
}
