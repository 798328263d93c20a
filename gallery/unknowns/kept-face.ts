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
  // Four sums side by side: one alone waits for each addition.
  let [w, x, y, z] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    w += (a[i] as number) * (b[i] as number);
    x += (a[i + 1] as number) * (b[i + 1] as number);
    y += (a[i + 2] as number) * (b[i + 2] as number);
    z += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = whole; i < a.length; i += 1) w += (a[i] as number) * (b[i] as number);
  return w + x + (y + z);
}
