/*
 * One clock for all processes and threads of this machine. `performance.now()` counts from where each of them began, and their
 * `performance.timeOrigin` is read off the wall clock, which may have been set in between. What lies beneath both is the machine's
 * own monotonic clock, which all of them share; a process's distance from it never changes.
 */

/** How far this thread's `performance.now()` is behind the machine's clock, milliseconds. */
const BEHIND_MS = distance();

/** The machine's monotonic clock (Linux: CLOCK_MONOTONIC), milliseconds with fractions: comparable with any other process's. */
export function machineMs(): number {
  return performance.now() + BEHIND_MS;
}

/** @param ms of this thread's `Clock.monotonicMs`. */
export function toMachineMs(ms: number): number {
  return ms + BEHIND_MS;
}

/** @param ms of the machine's clock, read in whichever process. @returns the same moment by this thread's `Clock.monotonicMs`. */
export function fromMachineMs(ms: number): number {
  return ms - BEHIND_MS;
}

/** The closest of a few readings: between the two clocks the thread may be put aside. */
function distance(): number {
  let closest = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let i = 0; i < 8; i += 1) {
    const before = performance.now();
    const machine = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= closest) continue;
    closest = after - before;
    found = machine - (before + after) / 2;
  }
  return found;
}
