import { AppError } from '../config/app-error.ts';
import type { Logger } from '../pipeline/ports.ts';

export interface LastSeenOptions {
  /** Writes many at once; may throw. */
  write: (moments: ReadonlyMap<string, number>) => void;
  log: Logger;
}

/** A subject's moment is written at most this often: a person in front of a camera is seen several times a second. */
const AGAIN_MS = 60_000;
/** Those of so long are written together. */
const TOGETHER_MS = 1000;
/** After a write that failed. It may have waited two seconds for another process (a change of the key), and cameras with it. */
const PAUSE_MS = 60_000;

/**
 * When subjects were last recognised, on its way to the database. What a crash takes with it is a second's worth; what the
 * database does not take is logged and left, since no recognition may fail by it.
 */
export class LastSeen {
  readonly #write: LastSeenOptions['write'];
  readonly #log: Logger;
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ write, log }: LastSeenOptions) {
    this.#write = write;
    this.#log = log;
  }

  /** @param writtenMs what the database says of it. */
  note(subjectId: string, atMs: number, writtenMs: number | null): void {
    const known = this.of(subjectId, writtenMs);
    if (known !== null && atMs < known + AGAIN_MS) return;
    this.#waiting.set(subjectId, Math.trunc(atMs));
    this.#timer ??= setTimeout(() => this.flush(), TOGETHER_MS).unref();
  }

  /** The later of what is written and what waits. */
  of(subjectId: string, writtenMs: number | null): number | null {
    const waiting = this.#waiting.get(subjectId);
    if (waiting === undefined) return writtenMs;
    return writtenMs === null ? waiting : Math.max(waiting, writtenMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const moments = new Map(this.#waiting);
    this.#waiting.clear();
    try {
      this.#write(moments);
    } catch (error) {
      const { code, message } = AppError.from(error);
      this.#log.warn({ code, subjects: moments.size }, `who was last seen when is not written: ${message}`);
      this.#timer = setTimeout(() => this.flush(), PAUSE_MS).unref();
    }
  }
}
