import type { Clock } from '../../pipeline/ports.ts';

/** A deadline's timer that fires this much late, milliseconds, means that we were stopped ourselves. */
const LATE_MS = 250;

/**
 * Tells when a deadline has passed, and only then: an answer that is there already is read before, and a program that was
 * stopped itself gives the other side its time once more.
 *
 * @param overdue what is to be done about it; `wait` starts the time anew.
 * @returns stops watching.
 */
export function watchDeadline(clock: Clock, deadlineMs: number, overdue: () => 'wait' | 'over'): () => void {
  let timer: NodeJS.Timeout | NodeJS.Immediate;
  const arm = (graceLeft: boolean) => {
    const dueMs = clock.monotonicMs() + deadlineMs;
    timer = setTimeout(() => {
      if (graceLeft && clock.monotonicMs() - dueMs > LATE_MS) {
        arm(false);
        return;
      }
      timer = setImmediate(() => {
        if (overdue() === 'wait') arm(true);
      });
    }, deadlineMs);
  };
  arm(true);
  return () => {
    clearTimeout(timer as NodeJS.Timeout);
    clearImmediate(timer as NodeJS.Immediate);
  };
}
