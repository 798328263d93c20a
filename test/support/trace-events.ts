/** An event of the Trace Event Format, as far as it is used. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M';
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: { readonly name?: string; readonly camera?: string; readonly frame?: number };
}

/** Spans that begin before the one before them on their track, in the file's order, has ended. */
export function overlaps(events: readonly TraceEvent[]): TraceEvent[] {
  const ends = new Map<string, number>();
  return events.filter(({ ph, pid, tid, ts, dur }) => {
    if (ph !== 'X') return false;
    const track = `${pid}/${tid}`;
    const before = ends.get(track) ?? Number.NEGATIVE_INFINITY;
    ends.set(track, ts + dur);
    return ts < before || !(dur >= 0) || !Number.isInteger(ts);
  });
}
