import { Observable, type OperatorFunction } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import type { Frame } from './frame.ts';
import { traceAnalysis } from './frame-trace.ts';
import { mapInOrder } from './map-in-order.ts';
import type { AnalyseOptions, Analysis, AnalysisSlot, Clock, FaceAnalyser } from './ports.ts';
import { systemClock } from './system-clock.ts';

export interface AnalyseFramesOptions {
  /** `live` drops to the newest waiting frame, `file` waits. Default `live`. */
  pace?: 'live' | 'file';
  /**
   * Frames of this stream in flight at most. Default 2 for `live`: one being worked on, one crossing to the process; 4
   * for `file`, which may keep two processes busy by itself.
   */
  concurrency?: number;
  analyse?: AnalyseOptions;
  /** `live`: whose turn it is; see `mapInOrder`. Default: every frame's. */
  isDue?: (frame: Frame) => boolean;
  /**
   * The networks have it and have not answered yet: what does not depend on their answer may begin. Must not throw; who needs the
   * pixels beyond the call retains the frame. A result need not follow: the analysis may fail, the stream may end.
   */
  onTaken?: (frame: Frame) => void;
  /** `busy`: no place was free for it; `thinned`: it was one too many. Already released. */
  onDrop?: (frame: Frame, reason: 'busy' | 'thinned') => void;
  /** A frame whose analysis failed (deadline, dead process, …). The stream goes on. */
  onFault?: (error: AppError, frame: Frame) => void;
  /** Of frames that are followed. Default: the machine's. */
  clock?: Clock;
}

/** A frame with what the networks say of it. The frame's reference goes on to whoever receives this. */
export interface AnalysedFrame extends Analysis {
  readonly frame: Frame;
  /** When the networks' answer was here, monotonic milliseconds. */
  readonly answeredMs: number;
}

/** Runs each frame through the networks; results come in the order of the frames. */
export function analyse(
  analyser: Pick<FaceAnalyser, 'reserve'>,
  options: AnalyseFramesOptions = {},
): OperatorFunction<Frame, AnalysedFrame> {
  const { pace = 'live', concurrency = pace === 'live' ? 2 : 4, clock = systemClock } = options;
  const { isDue, onTaken, onDrop, onFault } = options;
  return mapInOrder<Frame, AnalysedFrame, AnalysisSlot>(
    (frame, slot) =>
      new Observable((subscriber) => {
        const { trace } = frame;
        const takenMs = clock.monotonicMs();
        trace?.span('queue', frame.arrivedAtMs, takenMs);
        slot.analyse(frame, trace ? { ...options.analyse, trace: true } : options.analyse).then(
          (analysis) => {
            const answeredMs = clock.monotonicMs();
            if (trace) traceAnalysis(trace, { takenMs, answeredMs }, analysis.timings.trace);
            // Unsubscribed meanwhile: the pixels were in use until now, so only now may they go back.
            if (subscriber.closed) return frame.release();
            subscriber.next({ frame, answeredMs, ...analysis });
            subscriber.complete();
          },
          (error: unknown) => {
            trace?.dropped('fault');
            frame.release();
            if (subscriber.closed) return;
            onFault?.(AppError.from(error, 'INFERENCE_FAILED'), frame);
            subscriber.complete();
          },
        );
        // A turn later, when the message with the pixels has left: at once, the networks would wait for whatever begins (a JPEG: 1 ms).
        if (onTaken) {
          setImmediate(() => {
            // Closed: answered, failed or unsubscribed meanwhile; the pixels may be gone.
            if (!subscriber.closed) onTaken(frame);
          });
        }
      }),
    {
      concurrency,
      waiting: pace === 'live' ? 'newest' : 'all',
      reserve: (signal) => analyser.reserve(signal),
      ...(isDue && { isDue }),
      onDrop: (frame, reason) => {
        frame.trace?.dropped(reason);
        frame.release();
        if (reason !== 'closed') onDrop?.(frame, reason);
      },
      onDiscard: ({ frame }) => frame.release(),
    },
  );
}
