import type { AccessEvent } from '../api/api-types.ts';

/** An answer is shown as the door's present one for so long. */
const FRESH_MS = 5000;

/**
 * Whether the answer counts now. Measured from when it was heard, since the server's clock may be another; one read
 * back from the log never does.
 */
export function isFresh(
  event: Pick<AccessEvent, 'replay' | 'expiresAt' | 'decidedAt'>,
  heardAtMs: number | undefined,
  nowMs: number,
): boolean {
  if (event.replay || heardAtMs === undefined) return false;
  const lifeMs = event.expiresAt === null ? FRESH_MS : Date.parse(event.expiresAt) - Date.parse(event.decidedAt);
  return nowMs - heardAtMs < (Number.isFinite(lifeMs) ? Math.max(1500, Math.min(FRESH_MS, lifeMs)) : FRESH_MS);
}
