import { getPriority, setPriority } from 'node:os';

/**
 * Of what works for the server, decoders and networks alike: below the server, which must answer meanwhile. Networks no lower than
 * decoders: four of five pictures that are decoded are left out anyway, and networks that decoders interrupt are late with the fifth. Where
 * the processor is short, each decoder still has its share, which is more than it needs, unless there are more of them than the processor
 * can decode. With networks three steps lower, five overloaded cameras had 17 frames analysed a second instead of 20, of which the oldest
 * was 1.1 s old instead of 0.7.
 */
const NICER_BY = 2;
const NICEST = 19;

/** The niceness of whatever decodes or runs networks for this program, or on Linux, where threads have priorities of their own, for this thread. */
export function workNiceness(): number {
  return Math.min(NICEST, getPriority() + NICER_BY);
}

/**
 * @param pid 0: this process, or on Linux the calling thread. Threads begin with the priority of the thread that makes them.
 * @returns null, or why it could not be done: the process is gone, or the system does not allow it. It then competes as an equal.
 */
export function lowerPriority(pid: number): Error | null {
  try {
    setPriority(pid, workNiceness());
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
