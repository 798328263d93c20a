import { getPriority, setPriority } from 'node:os';

/**
 * Below the decoders (2), which are below the server. Where the processor is short, it is to be short here: what the networks do not get to
 * is replaced by a newer picture, and counted; what a decoder does not get to lies in ffmpeg and in the kernel's buffers, where nothing skips
 * ahead, and every later picture is old. No lower than this: beside other programs at the usual priority, networks ten steps down got next
 * to nothing.
 */
const NICER_BY = 5;
const NICEST = 19;

/** The niceness of whatever runs networks for this program, or on Linux, where threads have priorities of their own, for this thread. */
export function inferenceNiceness(): number {
  return Math.min(NICEST, getPriority() + NICER_BY);
}

/**
 * @param pid 0: this process, or on Linux the calling thread. Threads begin with the priority of the thread that makes them.
 * @returns null, or why it could not be done: the process is gone, or the system does not allow it. It then competes as an equal.
 */
export function lowerPriority(pid: number): Error | null {
  try {
    setPriority(pid, inferenceNiceness());
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
