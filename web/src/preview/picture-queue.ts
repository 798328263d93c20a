/** One coded picture of an MPEG-1 video. */
export interface CodedPicture {
  /** Seconds. */
  readonly pts: number;
  readonly bytes: readonly Uint8Array[];
  /** Size of the video where this is a whole picture with which one may begin; else null. */
  readonly key: { readonly width: number; readonly height: number } | null;
}

/** What to do before the next picture is decoded. */
export type NextPicture = { readonly picture: CodedPicture /** With a new decoder. */; readonly anew: boolean };

export interface PictureQueue {
  push(picture: CodedPicture): void;
  /** Null while nothing waits. */
  next(): NextPicture | null;
  readonly length: number;
}

/** More wait only where the page does not keep up: a second of video. */
const MOST_WAITING = 25;

/**
 * Coded pictures in their order. Begins with a whole picture; goes on with the newest whole one where too many wait, and
 * where the video begins anew (another size, or timestamps that go back: another encoder).
 */
export function createPictureQueue(): PictureQueue {
  let waiting: CodedPicture[] = [];
  let size: CodedPicture['key'] = null;
  let lastPts = Number.NEGATIVE_INFINITY;
  let broken = true;
  return {
    push(picture) {
      waiting.push(picture);
      if (waiting.length <= MOST_WAITING) return;
      const newest = waiting.findLastIndex(({ key }) => key !== null);
      if (newest > 0) waiting = waiting.slice(newest);
      else if (newest < 0) {
        waiting = [];
        broken = true;
      }
    },
    next() {
      for (let picture = waiting.shift(); picture; picture = waiting.shift()) {
        if (picture.pts < lastPts) broken = true;
        lastPts = picture.pts;
        if (broken && picture.key === null) continue;
        const anew =
          broken || (picture.key !== null && (picture.key.width !== size?.width || picture.key.height !== size.height));
        if (picture.key !== null) size = picture.key;
        broken = false;
        return { picture, anew };
      }
      return null;
    },
    get length() {
      return waiting.length;
    },
  };
}

/** The size that a sequence header (ISO/IEC 11172-2, 2.4.2.3) at the start of a coded picture gives; null without one. */
export function keySize(bytes: readonly Uint8Array[]): CodedPicture['key'] {
  const head: number[] = [];
  for (const piece of bytes) {
    head.push(...piece.subarray(0, 7 - head.length));
    if (head.length === 7) break;
  }
  if (head.length < 7 || head[0] !== 0 || head[1] !== 0 || head[2] !== 1 || head[3] !== 0xb3) return null;
  const width = (head[4]! << 4) | (head[5]! >> 4);
  const height = ((head[5]! & 15) << 8) | head[6]!;
  return width > 0 && height > 0 ? { width, height } : null;
}
