import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { FrameStage } from '../../pipeline/frame-trace.ts';
import type { TraceSpan } from './stage-account.ts';

/** What an event's time is spent on, in order; nothing is in two of them. */
export const EVENT_STAGES = ['network', 'ffmpeg', 'queue', 'networks', 'search', 'decide', 'record', 'feed'] as const;
export type EventStage = (typeof EVENT_STAGES)[number];

/** An event as one feed told it. */
export interface HeardEvent {
  readonly event: AccessEvent;
  /** Machine's clock, milliseconds. */
  readonly atMs: number;
  /** Wall clock, milliseconds since 1970. */
  readonly wallMs: number;
}

export interface EventTime {
  /** From when the frame was due at the camera until the event was there, milliseconds. */
  readonly wholeMs: number;
  /** From `capturedAt`, by the wall clock, milliseconds. */
  readonly sinceCapturedMs: number;
  readonly stages: Readonly<Record<EventStage, number>>;
  /** Of all stages. */
  readonly sumMs: number;
}

/** Stages of a frame that are one of an event. */
const OF_FRAME: Readonly<Record<Exclude<EventStage, 'network' | 'decide' | 'record' | 'feed'>, readonly FrameStage[]>> =
  {
    ffmpeg: ['decode', 'scale', 'pipe'],
    queue: ['queue'],
    networks: ['handover', 'preprocess', 'detect', 'postprocess', 'align', 'embed', 'score', 'answer'],
    search: ['order', 'search'],
  };
/** The trace's group of tracks on which frames are. */
const CAMERAS = 1;

/** Finds the account of each event in the trace of a server, by the frame that the event is of. */
export class EventAccounts {
  readonly #frames = new Map<string, TraceSpan[]>();

  constructor(spans: readonly TraceSpan[]) {
    for (const span of spans) {
      if (span.ph !== 'X' || span.pid !== CAMERAS) continue;
      const key = keyOf(span.args.camera!, span.args.frame!);
      const own = this.#frames.get(key);
      if (own) own.push(span);
      else this.#frames.set(key, [span]);
    }
  }

  /**
   * Nothing is filled in: what no stage says it took is in the whole and not in the sum.
   *
   * @param dueMs of the frame, by the machine's clock.
   * @returns null for an event whose frame is not in the trace from ffmpeg to the event log.
   */
  of({ event, atMs, wallMs }: HeardEvent, dueMs: number): EventTime | null {
    if (event.camera === null || event.frameSequence === null || event.capturedAt === null) return null;
    const own = this.#frames.get(keyOf(event.camera, event.frameSequence)) ?? [];
    const decoding = own.find(({ name }) => name === 'decode');
    const record = own.find(({ name }) => name === 'record');
    if (!decoding || !record) return null;
    const spent = (names: readonly string[]) =>
      own.reduce((sum, { name, dur }) => sum + (names.includes(name) ? dur / 1000 : 0), 0);
    // What is decided after the events were told is not on their way.
    const decided = own.filter(({ name, ts }) => name === 'decide' && ts < record.ts);
    const stages = {
      network: decoding.ts / 1000 - dueMs,
      ffmpeg: spent(OF_FRAME.ffmpeg),
      queue: spent(OF_FRAME.queue),
      networks: spent(OF_FRAME.networks),
      search: spent(OF_FRAME.search),
      decide: decided.reduce((sum, { dur }) => sum + dur / 1000, 0),
      record: record.dur / 1000,
      feed: atMs - (record.ts + record.dur) / 1000,
    };
    return {
      wholeMs: atMs - dueMs,
      sinceCapturedMs: wallMs - Date.parse(event.capturedAt),
      stages,
      sumMs: EVENT_STAGES.reduce((sum, stage) => sum + stages[stage], 0),
    };
  }
}

function keyOf(camera: string, frame: number): string {
  return `${camera}/${frame}`;
}
