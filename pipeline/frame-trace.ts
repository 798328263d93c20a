/*
 * Where the time of one frame goes. Whoever does something with a frame says from when until when; a frame that nobody follows has
 * no trace, and nothing is measured then.
 */

/** What is done with a frame, in order. docs/performance.md says what each of them contains. */
export const FRAME_STAGES = [
  'decode',
  'scale',
  'pipe',
  'queue',
  'handover',
  'preprocess',
  'detect',
  'postprocess',
  'align',
  'embed',
  'score',
  'answer',
  'order',
  'search',
  'decide',
  'record',
  'tell',
  'encode',
  'send',
] as const;

export type FrameStage = (typeof FRAME_STAGES)[number];

/** Milliseconds of one clock; which one, the place where it stands says. */
export interface StageSpan {
  readonly stage: FrameStage;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What happened to a picture inside an inference process. */
export interface AnalysisTrace {
  /** For people: `process 4711`. */
  readonly place: string;
  /** In order, without overlap. A batch's spans are those of all its pictures. */
  readonly spans: readonly StageSpan[];
}

/** One frame that is followed. Times are those of `Clock.monotonicMs`. Never throws. */
export interface FrameTrace {
  /** @param place where it was done, if that is a place of its own: `process 4711`. */
  span(stage: FrameStage, fromMs: number, untilMs: number, place?: string): void;
  /** It reached a viewer. @param fromMs when the message was there to be sent. */
  sent(viewer: string, fromMs: number, untilMs: number): void;
  /** It was not analysed. */
  dropped(reason: string): void;
  /** Its pixels went back: nothing comes any more but what is still being sent. */
  end(): void;
}

/** Follows frames. */
export interface FrameTracer {
  /** @returns undefined where this frame is not followed. */
  begin(cameraId: string, sequence: number): FrameTrace | undefined;
}

/**
 * From the moment at which a frame was given a place at the networks until their answer was here.
 *
 * @param analysis times by this process's clock; undefined where the networks told none.
 */
export function traceAnalysis(
  trace: FrameTrace,
  { takenMs, answeredMs }: { takenMs: number; answeredMs: number },
  analysis: AnalysisTrace | undefined,
): void {
  const first = analysis?.spans[0];
  const last = analysis?.spans.at(-1);
  if (!analysis || !first || !last) {
    trace.span('handover', takenMs, answeredMs);
    return;
  }
  trace.span('handover', takenMs, first.fromMs);
  for (const { stage, fromMs, untilMs } of analysis.spans) trace.span(stage, fromMs, untilMs, analysis.place);
  trace.span('answer', last.untilMs, answeredMs);
}
