import { EMPTY, from, type Observable } from 'rxjs';
import { catchError, concatMap } from 'rxjs/operators';
import { AppError } from '../config/app-error.ts';
import { type AnalysedFrame, analyse } from './analyse.ts';
import type { Frame } from './frame.ts';
import type { FrameResult } from './frame-result.ts';
import { identify } from './identify.ts';
import type { RecognitionThresholds } from './judge-candidates.ts';
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
  /** `live`: whose turn it is to be analysed; asked once for each frame. Default: every frame's. */
  isDue?: (frame: Frame) => boolean;
  /** `busy`: a newer frame took this one's waiting place; `thinned`: it was not its turn. It is released already. */
  onDrop?: (frame: Frame, reason: 'busy' | 'thinned') => void;
  /** One frame could not be analysed or identified; the camera goes on. */
  onFault: (error: AppError, frame: Frame) => void;
}

/** Frames in, results out, in order: analyse the newest frame, identify every face in it, give the pixels back. */
export function cameraPipeline(frames: Observable<Frame>, options: CameraPipelineOptions): Observable<FrameResult> {
  const { analyser, gallery, clock, pace, threshold, margin, onFault } = options;
  const zones = options.zones ?? (() => []);
  const dropped = { busy: 0, thinned: 0 };

  const toResult = async ({ frame, faces, timings }: AnalysedFrame): Promise<FrameResult> => {
    const startedMs = clock.monotonicMs();
    const identified = await identify(withinZones(faces, frame, zones()), gallery, {
      threshold,
      margin,
      nowMs: clock.wallMs(),
    });
    const nowMs = clock.monotonicMs();
    const identifyMs = nowMs - startedMs;
    const total = nowMs - frame.arrivedAtMs;
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
    analyse(analyser, {
      pace,
      ...(options.analyse && { analyse: options.analyse }),
      ...(options.isDue && { isDue: options.isDue }),
      onDrop: (frame, reason) => {
        dropped[reason] += 1;
        options.onDrop?.(frame, reason);
      },
      onFault,
    }),
    concatMap((analysed) =>
      from(toResult(analysed)).pipe(
        catchError((error: unknown) => {
          onFault(AppError.from(error), analysed.frame);
          analysed.frame.release();
          return EMPTY;
        }),
      ),
    ),
    releaseFrames(),
  );
}
