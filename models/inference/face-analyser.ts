import { AppError } from '../../config/app-error.ts';
import type { DetectorSettings } from '../../config/settings-schema.ts';
import type { AnalysedFace, Detection, Embedding } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalyseOptions, Analysis } from '../../pipeline/ports.ts';
import { confidenceOf } from '../calibration.ts';
import { stackCrops } from '../crop-sheet.ts';
import type { FaceDetector, PictureToSearch } from '../detectors/face-detector.ts';
import { alignedCrop } from '../embedders/aligned-crop.ts';
import type { FaceEmbedder } from '../embedders/embed.ts';
import { unfitByGeometry } from '../embedders/fitness.ts';
import { geometryParts } from '../embedders/fitness-parts.ts';
import { NOT_RECOGNISED, recognisedFace, withRecognition } from '../embedders/recognised-face.ts';
import { expectTask } from '../expect-task.ts';
import type { RoleProof } from '../processes/role-report.ts';
import { deviceTrouble } from '../runtime/device-trouble.ts';
import type { CropScorer } from '../scorers/crop-scorer.ts';
import { scorerCrops, scorerSide } from '../scorers/scorer-crops.ts';
import type { RemoteEmbedder, RemoteScorer, RoleCrops } from './crop-work.ts';
import { NetworkOpener } from './network-opener.ts';
import type { Job, Networks, PlacedEmbedder, PlacedNetwork } from './networks.ts';
import { openEmbedder, openScorerNetworks } from './open-crop-networks.ts';
import { openDetector } from './open-detector.ts';
import type { BatchSettings, GainsFromBatches } from './probe-batches.ts';
import { StageLaps } from './stage-laps.ts';

export interface FaceAnalyserConfig {
  readonly work: 'pictures';
  readonly detector: PlacedNetwork;
  /** For detectors that give boxes only. */
  readonly landmarks: PlacedNetwork | null;
  /** Here, or elsewhere: then its crops are cut here. */
  readonly embedder: PlacedEmbedder | RemoteEmbedder;
  /** Embeds each face as well: the model that the gallery is being moved away from. Default: none. */
  readonly previous?: PlacedEmbedder | RemoteEmbedder | null;
  /** The networks of each scorer that is here; for the others, what their crops are cut for. */
  readonly scorers: readonly (readonly PlacedNetwork[] | RemoteScorer)[];
  /** Pictures that may come at once. Default: one at a time. */
  readonly batch?: BatchSettings | undefined;
  readonly settings: Pick<
    DetectorSettings,
    'inputSize' | 'confidence' | 'preset' | 'nms' | 'maxFaces' | 'minFacePx'
  > & {
    /** Quality below this is unfit, 0..1. */
    readonly oodThreshold: number;
  };
}

/** What can be asked of one picture; what crosses to the inference process. */
export type PictureOptions = Pick<AnalyseOptions, 'confidence' | 'nms' | 'maxFaces' | 'want' | 'trace'>;

/** A face on its way: the two embedders may be in different processes. */
export interface FoundFace extends AnalysedFace {
  /** By the previous model; absent where there is none, or it is elsewhere. */
  readonly previousEmbedding?: Embedding | null;
}

/**
 * What is found in a picture, and what networks in other processes need to say the rest. Times of `timings.trace` are those of the
 * machine's clock.
 */
export interface FoundFaces extends Analysis {
  readonly faces: readonly FoundFace[];
  readonly crops: readonly RoleCrops[];
}

/** The networks that judge a face, here or elsewhere. */
interface Judges {
  readonly embedder: FaceEmbedder | RemoteEmbedder;
  readonly previous: FaceEmbedder | RemoteEmbedder | null;
  readonly scorers: readonly (CropScorer | RemoteScorer)[];
}

/**
 * Detect → align → embed → fit? → score in one call, on the thread that calls it. `InferencePool` runs it in processes of
 * its own. What other processes do, it leaves out and cuts their crops.
 */
export class LocalFaceAnalyser implements Networks<PictureOptions, FoundFaces> {
  readonly proofs: readonly RoleProof[];
  readonly most: number;
  readonly withinMs: number;
  readonly #detector: FaceDetector;
  readonly #judges: Judges;
  readonly #settings: FaceAnalyserConfig['settings'];
  readonly #confidence: number;

  private constructor(
    detector: FaceDetector,
    judges: Judges,
    proofs: readonly RoleProof[],
    { settings, batch }: FaceAnalyserConfig,
    confidence: number,
  ) {
    this.most = detector.most;
    this.withinMs = batch?.within ?? 0;
    this.#detector = detector;
    this.#judges = judges;
    this.proofs = proofs;
    this.#settings = settings;
    this.#confidence = confidence;
  }

  /**
   * Loads the networks and runs each of them at every shape that it will be used with.
   *
   * @param gains which providers are given batches. Default: whatever is no CPU.
   * @throws {AppError} the MODEL codes of `Session.open`.
   */
  static async open(config: FaceAnalyserConfig, gains?: GainsFromBatches): Promise<LocalFaceAnalyser> {
    const { settings, landmarks, batch } = config;
    const opener = new NetworkOpener();
    const detector = await openDetector(
      { detector: config.detector, landmarks, inputSize: settings.inputSize, most: batch?.most, gains },
      opener,
    );
    const embedder =
      'key' in config.embedder ? config.embedder : await openEmbedder(config.embedder, opener, { gains });
    const previous =
      !config.previous || 'key' in config.previous
        ? (config.previous ?? null)
        : await openEmbedder(config.previous, opener, { role: 'previous-embedder', gains });
    const scorers: Judges['scorers'][number][] = [];
    for (const scorer of config.scorers) {
      scorers.push('key' in scorer ? scorer : await openScorerNetworks(scorer, opener));
    }
    const confidence = confidenceOf(settings, expectTask(config.detector.model.entry, 'detector'));
    return new LocalFaceAnalyser(detector, { embedder, previous, scorers }, opener.proofs, config, confidence);
  }

  async work(jobs: readonly Job<PictureOptions>[]): Promise<PromiseSettledResult<FoundFaces>[]> {
    try {
      return (await this.analyseAll(jobs)).map((value) => ({ status: 'fulfilled', value }));
    } catch (error) {
      // One picture must not cost the others their answer; where the process has to end, they are lost with it.
      if (jobs.length === 1 || deviceTrouble(error)) return jobs.map(() => ({ status: 'rejected', reason: error }));
      const alone: PromiseSettledResult<FoundFaces>[] = [];
      for (const job of jobs) alone.push(...(await this.work([job])));
      return alone;
    }
  }

  /** Calls must not overlap. @param image not retained. */
  async analyse(image: PixelImage, options: PictureOptions): Promise<FoundFaces> {
    return (await this.analyseAll([{ image, options }]))[0]!;
  }

  /** Several pictures in as few runs as they fit; times are those of all of them. Calls must not overlap. */
  async analyseAll(jobs: readonly Job<PictureOptions>[]): Promise<FoundFaces[]> {
    const laps = jobs.some(({ options }) => options.trace) ? new StageLaps() : undefined;
    const start = performance.now();
    const found = await this.#detector.detectAll(
      jobs.map((job) => this.#toSearch(job)),
      laps,
    );
    const detected = performance.now();
    const pictures = jobs.map(({ image, options: { want = 'embeddings' } }, i): JudgedPicture => {
      const faces = found[i]!.map((face) => this.#unjudged(face, image));
      const worth = want === 'detections' ? [] : faces.flatMap(({ unfit }, at) => (unfit === null ? [at] : []));
      return { image, want, faces, worth, crops: [] };
    });
    const toEmbed = pictures.filter(({ want }) => want === 'embeddings');
    laps?.lap('postprocess');
    await this.#recognise(toEmbed, laps);
    await this.#recogniseAsBefore(toEmbed, laps);
    for (const picture of pictures) await this.#score(picture, laps);
    const timings = {
      detect: detected - start,
      embed: performance.now() - detected,
      ...(laps && { trace: laps.trace }),
    };
    return pictures.map(({ faces, crops }) => ({ faces, crops, timings }));
  }

  #toSearch({ image, options }: Job<PictureOptions>): PictureToSearch {
    const { nms, maxFaces } = this.#settings;
    return {
      image,
      options: {
        confidence: options.confidence ?? this.#confidence,
        nms: options.nms ?? nms,
        maxFaces: options.maxFaces ?? maxFaces,
      },
    };
  }

  #unjudged(face: Detection, image: PixelImage): AnalysedFace {
    const qualityParts = geometryParts(face, image, this.#settings.minFacePx);
    return { ...face, ...NOT_RECOGNISED, qualityParts, unfit: unfitByGeometry(qualityParts), scores: {} };
  }

  /** The faces of all pictures that are worth it, together; or their crops, where the embedder is elsewhere. */
  async #recognise(pictures: readonly JudgedPicture[], laps?: StageLaps): Promise<void> {
    const { embedder } = this.#judges;
    if ('key' in embedder) {
      for (const { image, faces, worth, crops } of pictures) crops.push(...alignedCrops(embedder, image, faces, worth));
      if (pictures.some(({ worth }) => worth.length > 0)) laps?.lap('align');
      return;
    }
    const all = pictures.flatMap(({ image, faces, worth }) => worth.map((at) => ({ image, faces, at })));
    const embedded = await embedder.embedAll(
      all.map(({ image, faces, at }) => ({ image, landmarks: faces[at]!.landmarks })),
      laps,
    );
    for (const [i, { faces, at }] of all.entries()) {
      const face = faces[at]!;
      const said = embedded[i];
      faces[at] = said
        ? withRecognition(face, recognisedFace(said, embedder.entry), this.#settings.oodThreshold)
        : { ...face, unfit: 'not_embedded' };
    }
    if (all.length > 0) laps?.lap('embed');
  }

  /** By the previous model, if there is one; not what turned out unfit by then, which nobody will look up. */
  async #recogniseAsBefore(pictures: readonly JudgedPicture[], laps?: StageLaps): Promise<void> {
    const { previous } = this.#judges;
    if (!previous) return;
    const unrefused = ({ faces, worth }: JudgedPicture) => worth.filter((at) => faces[at]!.unfit === null);
    if ('key' in previous) {
      for (const picture of pictures) {
        const { image, faces, crops } = picture;
        // On a copy: a face that has no shape for the previous model is not unfit for that.
        crops.push(...alignedCrops(previous, image, [...faces], unrefused(picture)));
      }
      laps?.lap('align');
      return;
    }
    const all = pictures.flatMap((picture) => unrefused(picture).map((at) => ({ ...picture, at })));
    const embedded = await previous.embedAll(
      all.map(({ image, faces, at }) => ({ image, landmarks: faces[at]!.landmarks })),
      laps,
    );
    for (const [i, { faces, at }] of all.entries()) {
      const said = embedded[i];
      const previousEmbedding = said ? recognisedFace(said, previous.entry).embedding : null;
      faces[at] = { ...faces[at]!, previousEmbedding };
    }
  }

  async #score({ image, faces, worth, crops }: JudgedPicture, laps?: StageLaps): Promise<void> {
    for (const scorer of this.#judges.scorers) {
      if ('key' in scorer) {
        crops.push(...croppedForScorer(scorer, image, faces, worth));
        continue;
      }
      const scores = await scorer.score(
        image,
        worth.map((at) => faces[at]!),
      );
      for (const [i, at] of worth.entries()) addScore(faces, at, scorer.name, scores[i]!);
    }
    if (this.#judges.scorers.length > 0) laps?.lap('score');
  }
}

/** A picture on its way from detections to what is said of each face. */
interface JudgedPicture {
  readonly image: PixelImage;
  readonly want: NonNullable<PictureOptions['want']>;
  /** Filled in as the networks speak. */
  readonly faces: FoundFace[];
  /** Those that are worth asking more networks about. */
  readonly worth: readonly number[];
  /** What networks elsewhere need. */
  readonly crops: RoleCrops[];
}

/** One face without a shape must not cost the others their answer. */
function withoutShape(face: AnalysedFace, error: unknown): AnalysedFace {
  if (error instanceof AppError && error.code === 'ALIGN_DEGENERATE') return { ...face, unfit: 'not_embedded' };
  throw error;
}

function addScore(faces: AnalysedFace[], index: number, name: string, score: number): void {
  const face = faces[index]!;
  faces[index] = { ...face, scores: { ...face.scores, [name]: score } };
}

function alignedCrops(
  { key, entry }: RemoteEmbedder,
  image: PixelImage,
  faces: AnalysedFace[],
  worth: readonly number[],
): RoleCrops[] {
  const cut: Uint8Array[] = [];
  const of: number[] = [];
  for (const i of worth) {
    try {
      cut.push(alignedCrop(image, faces[i]!.landmarks, entry));
      of.push(i);
    } catch (error) {
      faces[i] = withoutShape(faces[i]!, error);
    }
  }
  return of.length === 0 ? [] : [{ key, faces: of, sheet: stackCrops(cut, entry.embedding.cropSize) }];
}

function croppedForScorer(
  { key, name, entries }: RemoteScorer,
  image: PixelImage,
  faces: AnalysedFace[],
  worth: readonly number[],
): RoleCrops[] {
  const cut: Uint8Array[] = [];
  const of: number[] = [];
  for (const i of worth) {
    const crops = scorerCrops(entries, image, faces[i]!);
    if (crops) {
      cut.push(...crops);
      of.push(i);
      // What cannot be judged must not pass for good.
    } else addScore(faces, i, name, 0);
  }
  return of.length === 0 ? [] : [{ key, faces: of, sheet: stackCrops(cut, scorerSide(entries[0]!)) }];
}
