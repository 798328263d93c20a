import { setTimeout as pause } from 'node:timers/promises';
import type { ReceivedMessage } from './broker.ts';
import type { BrokerConnection } from './broker-connection.ts';

/** What the broker has kept comes right after a subscription; nobody says when all of it has come. */
const COLLECT_MS = 2000;

export interface OrphanSearch {
  readonly filters: readonly string[];
  /** Whether what is kept under this topic is ours, and of something that is no more. */
  readonly isOrphan: (topic: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Finds what the broker still keeps of cameras and doors that went while this program did not run, and has it forgotten.
 * Give what the connection receives to `take` meanwhile.
 */
export class ForgetOrphans {
  readonly #search: OrphanSearch;
  readonly #found = new Set<string>();
  #looking = false;

  constructor(search: OrphanSearch) {
    this.#search = search;
  }

  take({ topic, payload, retained }: ReceivedMessage): void {
    if (this.#looking && retained && payload !== '' && this.#search.isOrphan(topic)) this.#found.add(topic);
  }

  /**
   * @returns how many there were.
   * @throws {AppError} what the connection says
   */
  async run(connection: BrokerConnection): Promise<number> {
    const { filters, isOrphan, signal } = this.#search;
    this.#looking = true;
    try {
      for (const filter of filters) await connection.subscribe(filter, { retained: true });
      await pause(COLLECT_MS, undefined, { signal });
      for (const filter of filters) await connection.unsubscribe(filter);
      // Some may have come back meanwhile.
      const orphans = [...this.#found].filter(isOrphan);
      for (const topic of orphans) await connection.publish({ topic, payload: '', retain: true, expiresInS: null });
      return orphans.length;
    } finally {
      this.#looking = false;
      this.#found.clear();
    }
  }
}
