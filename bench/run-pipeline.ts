import { join } from 'node:path';
import { merge } from 'rxjs';
import { take } from 'rxjs/operators';
import type { ProviderName } from '../config/execution-providers.ts';
import { cameraSchema } from '../config/settings-schema.ts';
import { openGallery } from '../gallery/subject-gallery.ts';
import { cameraPipeline } from '../pipeline/camera-pipeline.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { createSource } from '../sources/create-source.ts';
import { findFfmpeg } from '../sources/ffmpeg/ffmpeg-binary.ts';
import { LoopDelay } from './loop-delay.ts';
import { film } from './materials.ts';
import { openUsualNetworks } from './usual-networks.ts';

const GALLERY_SUBJECTS = 100;

export interface PipelineRun {
  readonly seconds: number;
  /** Embedded in each frame. */
  readonly facesPerFrame: readonly number[];
  /** Of the main thread meanwhile. */
  readonly delayP99Ms: number;
}

/** Everything from the film's file to identified faces, as fast as it goes, once. */
export async function runPipeline(o: {
  processes: number;
  /** Weights and galleries lie here. */
  scratch: string;
  /** That count, of all films together; a few before them do not. */
  frames: number;
  /** Films that are played at once, each decoded by an ffmpeg of its own. Default 1. */
  films?: number;
  precision?: 'float32' | 'int8';
  /** Both networks run on it, or none. Default: on the CPU. */
  provider?: ProviderName;
}): Promise<PipelineRun> {
  const { processes, scratch, frames, films = 1, precision = 'float32', provider = 'cpu' } = o;
  const { analyser, embedder } = await openUsualNetworks({ providers: [provider], processes, scratch, precision });
  const { width } = embedder.embedding;
  const file = join(scratch, `gallery-${processes}-${precision}.db`);
  const gallery = openGallery({ file, model: embedder.name, width, log: silentLog, clock: systemClock });
  if (gallery.size.subjects === 0) fillGallery(gallery, embedder.name, width);
  try {
    const ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
    const sources = Array.from({ length: films }, (_, i) =>
      createSource(
        cameraSchema.parse({ id: `film${i + 1}`, url: `file:${film()}`, fps: 60, width: 1280, loop: true }),
        { ffmpeg, clock: systemClock, log: silentLog, baseDir: scratch },
      ),
    );
    // The first results also pay for starting ffmpeg and are left out.
    const warmUp = 10 * films;
    const facesPerFrame: number[] = [];
    let started = 0;
    let finished = 0;
    let delay: LoopDelay | undefined;
    let delayP99Ms = Number.NaN;
    await new Promise<void>((resolve, reject) => {
      let results = 0;
      const results$ = sources.map((source) =>
        cameraPipeline(source.frames(), {
          pace: source.pace,
          analyser,
          gallery,
          clock: systemClock,
          ...embedder.calibration,
          onFault: reject,
        }),
      );
      merge(...results$)
        .pipe(take(warmUp + frames))
        .subscribe({
          next: ({ faces }) => {
            results += 1;
            if (results === warmUp) {
              started = performance.now();
              delay = new LoopDelay();
            }
            if (results > warmUp) facesPerFrame.push(faces.filter((face) => face.embedding !== null).length);
            if (results === warmUp + frames) {
              finished = performance.now();
              delayP99Ms = delay?.p99Ms() ?? Number.NaN;
            }
          },
          error: reject,
          complete: resolve,
        });
    });
    return { seconds: (finished - started) / 1000, facesPerFrame, delayP99Ms };
  } finally {
    await analyser[Symbol.asyncDispose]();
    await gallery.close();
  }
}

function fillGallery(gallery: ReturnType<typeof openGallery>, model: string, width: number): void {
  for (let i = 0; i < GALLERY_SUBJECTS; i += 1) {
    const vector = Float32Array.from({ length: width }, () => Math.random() - 0.5);
    const norm = Math.hypot(...vector);
    const subject = gallery.createSubject({ name: `random ${i}` });
    gallery.addTemplate(subject.id, {
      embedding: { model, vector: vector.map((v) => v / norm) },
      quality: 1,
      source: 'bench',
    });
  }
}
