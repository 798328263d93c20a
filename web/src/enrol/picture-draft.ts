import type { Collision } from './enrol-words.ts';

/** A picture on its way into the gallery. */
export interface PictureDraft {
  readonly key: string;
  readonly file: File;
  readonly at: 'waiting' | 'sending' | 'taken' | 'refused';
  /** What the server said, or why it is not sent. */
  readonly note: string | null;
  /** Refused because it looks like somebody else: it may be insisted on. */
  readonly collision?: Collision | null;
  /** Insisted on. */
  readonly force?: boolean;
}

/** As the server: larger ones are refused there. */
const MOST_BYTES = 10_485_760;

/**
 * A picture as it was chosen. The same bytes give the same key, whatever the file is called: one picture twice teaches
 * the gallery nothing.
 */
export async function draftPicture(file: File): Promise<PictureDraft> {
  const key = `${file.size}-${fnv1a(new Uint8Array(await file.arrayBuffer()))}`;
  if (!/^image\/(jpeg|png|webp)$/.test(file.type)) {
    return { key, file, at: 'refused', note: 'Only JPEG, PNG and WebP pictures are taken.' };
  }
  if (file.size > MOST_BYTES) return { key, file, at: 'refused', note: 'Larger than 10 MB.' };
  return { key, file, at: 'waiting', note: null };
}

/** FNV-1a, 32 bits. `crypto.subtle` is not there on pages that came over plain HTTP. */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
