/** One step of niceness is a fourth more or less of the processor (the kernel's sched_prio_to_weight). */
const STEP = 1.25;
/** Its networks run five steps below it, and 19 is the last. */
const MOST = 14;

/**
 * How many steps nicer a tenant has to be so that it gets `share` where others get 100. Only downwards: rising needs rights
 * that a server should not have.
 */
export function nicerBy(share: number): number {
  return Math.min(MOST, Math.max(0, Math.round(Math.log(100 / share) / Math.log(STEP))));
}
