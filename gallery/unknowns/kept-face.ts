/** One face of an unknown person: what can be enrolled of them. Whoever drops it wipes it. */
export interface KeptFace {
  /** Length 1. */
  readonly vector: Float32Array;
  /** 0..1 */
  readonly quality: number;
  /** Monotonic, milliseconds. */
  readonly seenAtMs: number;
  /** JPEG; null until it was made, and where none was asked for. */
  picture: Buffer | null;
}

/** Overwrites what is known of the face: it can be rebuilt from what would be left behind. */
export function wipe(face: KeptFace): void {
  face.vector.fill(0);
  face.picture?.fill(0);
  face.picture = null;
}

/** Both of length 1 and as wide as each other: their cosine, −1..1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
