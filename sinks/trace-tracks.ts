/** Which track of the trace an event stands on: a group of tracks, and one of them. */
export interface Track {
  readonly pid: number;
  readonly tid: number;
  /** Given once, when the track is new. */
  readonly name: string | null;
}

interface Lane {
  readonly tid: number;
  /** Whole microseconds. */
  untilUs: number;
}

/**
 * Finds each span a track on which nothing else is then: viewers of traces show spans that overlap on one track as nested, or not at
 * all. What happens beside each other in one place gets tracks side by side.
 */
export class TraceTracks {
  readonly #lanes = new Map<string, Lane[]>();
  #tids = 0;

  /** @param name of the place; its further tracks are called `name (2)`, … */
  place(pid: number, name: string, fromUs: number, untilUs: number): Track {
    const key = `${pid} ${name}`;
    const lanes = this.#lanes.get(key) ?? [];
    this.#lanes.set(key, lanes);
    const free = lanes.find((lane) => lane.untilUs <= fromUs);
    if (free) {
      free.untilUs = untilUs;
      return { pid, tid: free.tid, name: null };
    }
    this.#tids += 1;
    lanes.push({ tid: this.#tids, untilUs });
    return { pid, tid: this.#tids, name: lanes.length === 1 ? name : `${name} (${lanes.length})` };
  }
}
