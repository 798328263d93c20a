import type { EventDraft } from '../pipeline/access-event.ts';
import { plainEvent } from '../pipeline/plain-event.ts';

/** What is told when a lock-down begins or ends: `reason` is by whom, and what for where they said. */
export function switchEvent(
  type: 'door.locked_down' | 'door.released',
  door: string,
  { by, reason }: { readonly by: string; readonly reason: string | null },
  decidedAtMs: number,
): EventDraft {
  return plainEvent({ type, door, reason: reason === null ? by : `${by}: ${reason}`, decidedAtMs });
}
