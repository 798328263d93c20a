import { EMPTY, from, type Observable } from 'rxjs';
import { catchError, concatMap, filter } from 'rxjs/operators';
import { AppError } from '../config/app-error.ts';
import { type AnalysedFrame, analyse } from './analyse.ts';
import type { Frame } from './frame.ts';
import type { DropCounts, FrameResult } from './frame-result.ts';
import { identify } from './identify.ts';
import type { RecognitionThresholds } from './judge-candidates.ts';
import type { MotionGate } from './motion-gate.ts';
import type { Polygon } from './polygon.ts';
import type { AnalyseOptions, Clock, FaceAnalyser, Gallery } from './ports.ts';
import { releaseFrames } from './release-frames.ts';
import { withinZones } from './within-zones.ts';

export interface CameraPipelineOptions extends RecognitionThresholds {
  /** `live` drops to the newest waiting frame, `file` waits. */
  pace: 'live' | 'file';
  analyser: Pick<FaceAnalyser, 'reserve'>;
  gallery: Gallery;
  clock: Clock;
  analyse?: AnalyseOptions;
  /** Only faces whose box has its centre in one of these count; asked at each frame. Default: all. */
  zones?: () => readonly Polygon[];
  /** Leaves out pictures in which nothing has changed. Default: none is left out. */
  gate?: MotionGate | null;
  /** `live`: whose turn it is to be analysed; asked once for each frame. Default: every frame's. */
  isDue?: (frame: Frame) => boolean;
  /** The networks have it; a result need not follow. Must not throw; see `AnalyseFramesOptions`. */
  onTaken?: (frame: Frame) => void;
  /**
   * `busy`: a newer frame took this one's waiting place; `thinned`: it was not its turn; `unchanged`: nothing in it is new. It is
   * released already.
   */
  onDrop?: (frame: Frame, reason: keyof DropCounts) => void;
  /** One frame could not be analysed or identified; the camera goes on. */
  onFault: (error: AppError, frame: Frame) => void;
}

/** Frames in, results out, in order: analyse the newest frame, identify every face in it, give the pixels back. */
export function cameraPipeline(frames: Observable<Frame>, options: CameraPipelineOptions): Observable<FrameResult> {
  const { analyser, gallery, clock, pace, threshold, margin, onFault } = options;
  const zones = options.zones ?? (() => []);
  const gate = options.gate ?? null;
  const dropped: { -readonly [Reason in keyof DropCounts]: number } = { busy: 0, thinned: 0, unchanged: 0 };
  const drop = (frame: Frame, reason: keyof DropCounts) => {
    dropped[reason] += 1;
    options.onDrop?.(frame, reason);
  };
  const fault = (error: AppError, frame: Frame) => {
    gate?.missed(frame);
    onFault(error, frame);
  };

  const isWorthALook = (frame: Frame): boolean => {
    if (gate === null || gate.opens(frame)) return true;
    frame.trace?.dropped('unchanged');
    frame.release();
    drop(frame, 'unchanged');
    return false;
  };

  const toResult = async ({ frame, faces, timings, answeredMs }: AnalysedFrame): Promise<FrameResult> => {
    const startedMs = clock.monotonicMs();
    const inside = withinZones(faces, frame, zones());
    gate?.analysed(frame, inside.length);
    const identified = await identify(inside, gallery, {
      threshold,
      margin,
      nowMs: clock.wallMs(),
    });
    const nowMs = clock.monotonicMs();
    const identifyMs = nowMs - startedMs;
    const total = nowMs - frame.arrivedAtMs;
    frame.trace?.span('order', answeredMs, startedMs);
    frame.trace?.span('search', startedMs, nowMs);
    // What is neither network nor search was spent waiting for a place and crossing to the process.
    const queue = Math.max(0, total - timings.detect - timings.embed - identifyMs);
    return {
      frame,
      faces: identified,
      threshold,
      timings: { queue, detect: timings.detect, embed: timings.embed, identify: identifyMs, total },
      dropped: { ...dropped },
    };
  };

  return frames.pipe(
    filter(isWorthALook),
    analyse(analyser, {
      pace,
      ...(options.analyse && { analyse: options.analyse }),
      ...(options.isDue && { isDue: options.isDue }),
      ...(options.onTaken && { onTaken: options.onTaken }),
      onDrop: (frame, reason) => {
        gate?.missed(frame);
        drop(frame, reason);
      },
      onFault: fault,
      clock,
    }),
    concatMap((analysed) =>
      from(toResult(analysed)).pipe(
        catchError((error: unknown) => {
          analysed.frame.trace?.dropped('fault');
          fault(AppError.from(error), analysed.frame);
          analysed.frame.release();
          return EMPTY;
        }),
      ),
    ),
    releaseFrames(),
  );
}
