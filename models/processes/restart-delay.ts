const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/**
 * How long to wait before an inference process is replaced: not at all after the first end, since a camera waits; then
 * twice as long each time while its successors end too.
 *
 * @param failuresInARow processes of this place that ended since one of them last answered a picture, ≥ 1.
 */
export function restartDelayMs(failuresInARow: number): number {
  return failuresInARow <= 1 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failuresInARow - 2));
}
