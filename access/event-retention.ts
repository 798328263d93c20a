import { AppError } from '../config/app-error.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { AgeByClock } from './age-by-clock.ts';
import type { EventLog } from './event-log.ts';

export interface EventRetentionOptions {
  events: Pick<EventLog, 'prune'>;
  clock: Clock;
  log: Logger;
  /** Default: setTimeout. Returns how to call it off. */
  timer?: (ms: number, work: () => void) => () => void;
}

const EVERY_MS = 60_000;
/** Others get the thread between two steps. */
const PAUSE_MS = 25;
/** A step is to take so long at most, and is made larger while it takes less than half of it. */
const STEP_MS = 10;
const STEP = { first: 128, least: 8, most: 4096 };

/**
 * Removes what the event log is not to keep any more, a little at a time, so that this thread is never held up for long. Looks
 * every minute. After the wall clock was set, nothing is removed for its age for an hour: a clock that is wrong for a moment
 * must not empty the log.
 *
 * @returns how to end it.
 */
export function watchEventRetention({ events, clock, log, timer = afterTimeout }: EventRetentionOptions): () => void {
  const age = new AgeByClock({ clock, log, what: 'event' });
  let step = STEP.first;
  let failing = false;

  const look = () => {
    let again = false;
    const begunMs = clock.monotonicMs();
    try {
      const removed = events.prune(step, { byAge: age.isBelieved() });
      again = removed === step;
      failing = false;
    } catch (error) {
      const { code, message } = AppError.from(error);
      if (!failing) log.error({ code }, `old events could not be removed: ${message}`);
      failing = true;
    }
    const tookMs = clock.monotonicMs() - begunMs;
    if (tookMs > STEP_MS) step = Math.max(STEP.least, step >> 1);
    else if (again && tookMs < STEP_MS / 2) step = Math.min(STEP.most, step * 2);
    cancel = timer(again ? PAUSE_MS : EVERY_MS, look);
  };
  let cancel = timer(PAUSE_MS, look);
  return () => cancel();
}

function afterTimeout(ms: number, work: () => void): () => void {
  const timeout = setTimeout(work, ms);
  timeout.unref();
  return () => clearTimeout(timeout);
}
