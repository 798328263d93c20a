const YOUNG_MS = 500;
const FADED_MS = 900;
const GONE_MS = 3000;
const FADED = 0.3;

/**
 * How boxes look over a video that goes on without them: whole up to half a second, then faded, after three seconds gone.
 *
 * @param ageMs how old the picture is that they were found in.
 * @returns 0..1.
 */
export function boxOpacity(ageMs: number): number {
  if (!(ageMs <= GONE_MS)) return 0;
  if (ageMs <= YOUNG_MS) return 1;
  return Math.max(FADED, 1 - ((ageMs - YOUNG_MS) / (FADED_MS - YOUNG_MS)) * (1 - FADED));
}
