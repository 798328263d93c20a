/** One full look may be chance: so many in a row, which is half a minute at 5 s from look to look. */
export const BUSY_LOOKS = 6;
const BUSY = 0.9;
const IDLE_AGAIN = 0.8;

/** Whether one GPU is at work nearly all the time, from look to look. */
export class BusySpell {
  /** Of the last looks, as far as all of them were over 90 %. */
  #over: number[] = [];
  /** So many of the last looks were below 80 %. */
  #below = 0;
  #isTold = false;

  /**
   * @param utilization 0 to 1; null: nobody told, which ends a row of either kind.
   * @returns the mean of six looks in a row that were over 90 % each, once, until six in a row were below 80 %; else null.
   */
  look(utilization: number | null): number | null {
    this.#below = utilization !== null && utilization < IDLE_AGAIN ? this.#below + 1 : 0;
    if (this.#below >= BUSY_LOOKS) this.#isTold = false;
    if (utilization === null || utilization <= BUSY) {
      this.#over = [];
      return null;
    }
    this.#over = [...this.#over, utilization].slice(-BUSY_LOOKS);
    if (this.#isTold || this.#over.length < BUSY_LOOKS) return null;
    this.#isTold = true;
    return this.#over.reduce((sum, each) => sum + each, 0) / BUSY_LOOKS;
  }
}
