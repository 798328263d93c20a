import type { AccessEvent } from '../pipeline/access-event.ts';
import type { Clock } from '../pipeline/ports.ts';

/** An event is told as it happens for so long; what is told later is a replay. A grant lives no longer (docs/protocol.md). */
const FRESH_MS = 2000;

/** What this process appended within the last 2 s, by the clock that nobody sets. */
export class FreshEvents {
  readonly #clock: Clock;
  /** Oldest first. */
  #heard: { readonly event: AccessEvent; readonly atMs: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In the moment that it is heard. */
  add(event: AccessEvent): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#heard.length > 0 && nowMs - this.#heard[0]!.atMs >= FRESH_MS) {
      const first = this.#heard.findIndex(({ atMs }) => nowMs - atMs < FRESH_MS);
      this.#heard = first < 0 ? [] : this.#heard.slice(first);
    }
    this.#heard.push({ event, atMs: nowMs });
  }

  /** The event as it was heard where it may still be told as it happens; null where it would be a replay. */
  find(sequence: number): AccessEvent | null {
    const found = this.#heard.findLast(({ event }) => event.sequence === sequence);
    if (!found || this.#clock.monotonicMs() - found.atMs >= FRESH_MS) return null;
    const { expiresAt } = found.event;
    return expiresAt === null || this.#clock.wallMs() < Date.parse(expiresAt) ? found.event : null;
  }
}
