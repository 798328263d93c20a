/** When ffmpeg's lines about one picture were read here, monotonic milliseconds. */
export interface PictureMarks {
  /** Its compressed data was whole, and went to the decoder; null where that was not seen. */
  readonly packetMs: number | null;
  readonly decodedMs: number | null;
  /** Scaled and converted: its pixels follow. */
  readonly scaledMs: number;
}

/** Pictures of which not more is heard (most: their turn does not come) are forgotten. A decoder holds back a few at most. */
const KEPT = 256;

/** What ffmpeg said about pictures under way, by their timestamps. */
export class PicturesUnderWay {
  readonly #packets = new Map<number, number>();
  readonly #decoded = new Map<number, number>();

  packet(ticks: number, nowMs: number): void {
    note(this.#packets, ticks, nowMs);
  }

  decoded(ticks: number | null, nowMs: number): void {
    if (ticks !== null) note(this.#decoded, ticks, nowMs);
  }

  scaled(ticks: number | null, nowMs: number): PictureMarks {
    const of = (marks: ReadonlyMap<number, number>) => (ticks === null ? null : (marks.get(ticks) ?? null));
    return { packetMs: of(this.#packets), decodedMs: of(this.#decoded), scaledMs: nowMs };
  }
}

function note(marks: Map<number, number>, ticks: number, nowMs: number): void {
  // Deleted first, so that the oldest stands first even where timestamps come again.
  marks.delete(ticks);
  marks.set(ticks, nowMs);
  if (marks.size > KEPT) marks.delete(marks.keys().next().value!);
}
