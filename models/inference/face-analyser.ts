import { AppError } from '../../config/app-error.ts';
import type { DetectorSettings } from '../../config/settings-schema.ts';
import type { AnalysedFace } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalyseOptions, Analysis } from '../../pipeline/ports.ts';
import { confidenceOf } from '../calibration.ts';
import { stackCrops } from '../crop-sheet.ts';
import type { FaceDetector } from '../detectors/face-detector.ts';
import { alignedCrop } from '../embedders/aligned-crop.ts';
import type { FaceEmbedder } from '../embedders/embed.ts';
import { unfitByGeometry } from '../embedders/fitness.ts';
import { geometryParts } from '../embedders/fitness-parts.ts';
import { NOT_RECOGNISED, recognisedFace, withRecognition } from '../embedders/recognised-face.ts';
import type { CropScorer } from '../scorers/crop-scorer.ts';
import { scorerCrops, scorerSide } from '../scorers/scorer-crops.ts';
import type { RemoteEmbedder, RemoteScorer, RoleCrops } from './crop-work.ts';
import { expectTask, NetworkOpener } from './network-opener.ts';
import type { Job, Networks, PlacedEmbedder, PlacedNetwork } from './networks.ts';
import { openEmbedder, openScorerNetworks } from './open-crop-networks.ts';
import { openDetector } from './open-detector.ts';
import type { RoleProof } from './role-report.ts';

export interface FaceAnalyserConfig {
  readonly work: 'pictures';
  readonly detector: PlacedNetwork;
  /** For detectors that give boxes only. */
  readonly landmarks: PlacedNetwork | null;
  /** Here, or elsewhere: then its crops are cut here. */
  readonly embedder: PlacedEmbedder | RemoteEmbedder;
  /** The networks of each scorer that is here; for the others, what their crops are cut for. */
  readonly scorers: readonly (readonly PlacedNetwork[] | RemoteScorer)[];
  readonly settings: Pick<
    DetectorSettings,
    'inputSize' | 'confidence' | 'preset' | 'nms' | 'maxFaces' | 'minFacePx'
  > & {
    /** Quality below this is unfit, 0..1. */
    readonly oodThreshold: number;
  };
}

/** What can be asked of one picture; what crosses to the inference process. */
export type PictureOptions = Pick<AnalyseOptions, 'confidence' | 'nms' | 'maxFaces' | 'want'>;

/** What is found in a picture, and what networks in other processes need to say the rest. */
export interface FoundFaces extends Analysis {
  readonly crops: readonly RoleCrops[];
}

/** The networks that judge a face, here or elsewhere. */
interface Judges {
  readonly embedder: FaceEmbedder | RemoteEmbedder;
  readonly scorers: readonly (CropScorer | RemoteScorer)[];
}

/**
 * Detect → align → embed → fit? → score in one call, on the thread that calls it. `InferencePool` runs it in processes of
 * its own. What other processes do, it leaves out and cuts their crops.
 */
export class LocalFaceAnalyser implements Networks<PictureOptions, FoundFaces> {
  readonly proofs: readonly RoleProof[];
  readonly most = 1;
  readonly #detector: FaceDetector;
  readonly #judges: Judges;
  readonly #settings: FaceAnalyserConfig['settings'];
  readonly #confidence: number;

  private constructor(
    detector: FaceDetector,
    judges: Judges,
    proofs: readonly RoleProof[],
    settings: FaceAnalyserConfig['settings'],
    confidence: number,
  ) {
    this.#detector = detector;
    this.#judges = judges;
    this.proofs = proofs;
    this.#settings = settings;
    this.#confidence = confidence;
  }

  /**
   * Loads the networks and runs each of them once.
   *
   * @throws {AppError} the MODEL codes of `Session.open`.
   */
  static async open(config: FaceAnalyserConfig): Promise<LocalFaceAnalyser> {
    const { settings, landmarks } = config;
    const opener = new NetworkOpener();
    const detector = await openDetector(
      { detector: config.detector, landmarks, inputSize: settings.inputSize },
      opener,
    );
    const embedder = 'key' in config.embedder ? config.embedder : await openEmbedder(config.embedder, opener);
    const scorers: Judges['scorers'][number][] = [];
    for (const scorer of config.scorers) {
      scorers.push('key' in scorer ? scorer : await openScorerNetworks(scorer, opener));
    }
    const confidence = confidenceOf(settings, expectTask(config.detector.model.entry, 'detector'));
    return new LocalFaceAnalyser(detector, { embedder, scorers }, opener.proofs, settings, confidence);
  }

  async work(jobs: readonly Job<PictureOptions>[]): Promise<PromiseSettledResult<FoundFaces>[]> {
    const answers: PromiseSettledResult<FoundFaces>[] = [];
    for (const { image, options } of jobs) {
      // One after the other: input tensors are reused.
      answers.push(...(await Promise.allSettled([this.analyse(image, options)])));
    }
    return answers;
  }

  /** Calls must not overlap. @param image not retained. */
  async analyse(image: PixelImage, options: PictureOptions): Promise<FoundFaces> {
    const { nms, maxFaces, minFacePx } = this.#settings;
    const start = performance.now();
    const found = await this.#detector.detect(image, {
      confidence: options.confidence ?? this.#confidence,
      nms: options.nms ?? nms,
      maxFaces: options.maxFaces ?? maxFaces,
    });
    const detected = performance.now();
    const faces = found.map((face): AnalysedFace => {
      const qualityParts = geometryParts(face, image, minFacePx);
      return { ...face, ...NOT_RECOGNISED, qualityParts, unfit: unfitByGeometry(qualityParts), scores: {} };
    });
    const crops = options.want === 'detections' ? [] : await this.#judge(image, faces, options.want !== 'scores');
    return { faces, crops, timings: { detect: detected - start, embed: performance.now() - detected } };
  }

  /**
   * Fills in what the networks here say of the faces that are worth it; the scorers alone where nobody is to be recognised.
   *
   * @returns what those elsewhere need.
   */
  async #judge(image: PixelImage, faces: AnalysedFace[], recognise: boolean): Promise<RoleCrops[]> {
    const { embedder, scorers } = this.#judges;
    const worth = faces.flatMap(({ unfit }, index) => (unfit === null ? [index] : []));
    const crops: RoleCrops[] = [];
    if (!recognise) {
      // Boxes and scores will do.
    } else if ('key' in embedder) crops.push(...alignedCrops(embedder, image, faces, worth));
    else for (const i of worth) faces[i] = await this.#embed(embedder, image, faces[i]!);
    for (const scorer of scorers) {
      if ('key' in scorer) {
        crops.push(...croppedForScorer(scorer, image, faces, worth));
        continue;
      }
      const scores = await scorer.score(
        image,
        worth.map((i) => faces[i]!),
      );
      for (const [at, i] of worth.entries()) addScore(faces, i, scorer.name, scores[at]!);
    }
    return crops;
  }

  async #embed(embedder: FaceEmbedder, image: PixelImage, face: AnalysedFace): Promise<AnalysedFace> {
    try {
      const embedded = await embedder.embed(image, face.landmarks);
      return withRecognition(face, recognisedFace(embedded, embedder.entry), this.#settings.oodThreshold);
    } catch (error) {
      return withoutShape(face, error);
    }
  }
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
