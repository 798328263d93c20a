import { AppError } from '../../config/app-error.ts';
import type { DetectorSettings } from '../../config/settings-schema.ts';
import type { AnalysedFace, Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalyseOptions, Analysis } from '../../pipeline/ports.ts';
import { confidenceOf, qualityOf } from '../calibration.ts';
import type { CatalogEntry, DetectorEntry, StarterDetectorEntry } from '../catalog.ts';
import type { FaceDetector } from '../detectors/face-detector.ts';
import { letterbox } from '../detectors/letterbox.ts';
import { RetinaFaceDetector } from '../detectors/retinaface.ts';
import { ScrfdDetector } from '../detectors/scrfd.ts';
import { StarterLandmarks } from '../detectors/starter-landmarks.ts';
import { StarterSsdDetector } from '../detectors/starter-ssd.ts';
import { YuNetDetector } from '../detectors/yunet.ts';
import { FaceEmbedder } from '../embedders/embed.ts';
import { unfitByGeometry } from '../embedders/fitness.ts';
import type { ResolvedModel } from '../store.ts';
import type { Role, RoleProof } from './role-report.ts';
import { Session } from './session.ts';

export interface FaceAnalyserConfig {
  readonly detector: ResolvedModel;
  readonly embedder: ResolvedModel;
  /** For detectors that give boxes only. */
  readonly landmarks: ResolvedModel | null;
  readonly settings: Pick<
    DetectorSettings,
    'inputSize' | 'confidence' | 'preset' | 'nms' | 'maxFaces' | 'minFacePx'
  > & {
    /** Quality below this is unfit, 0..1. */
    readonly oodThreshold: number;
    readonly providers: Readonly<Record<Role, 'auto' | readonly string[]>>;
  };
}

/** What can be asked of one picture; what crosses to the inference process. */
export type PictureOptions = Pick<AnalyseOptions, 'confidence' | 'nms' | 'maxFaces' | 'want'>;

/** The shapes of nearly every camera: a first frame must not pay for the runtime's planning. */
const WARM_UP_PICTURES = [
  { width: 1280, height: 720 },
  { width: 640, height: 480 },
  { width: 640, height: 640 },
];

/**
 * Detect → align → embed → fit? in one call, on the thread that calls it. `InferencePool` runs it in processes of its own.
 */
export class LocalFaceAnalyser {
  readonly proofs: readonly RoleProof[];
  readonly #detector: FaceDetector;
  readonly #embedder: FaceEmbedder;
  readonly #settings: FaceAnalyserConfig['settings'];
  readonly #confidence: number;

  private constructor(
    detector: FaceDetector,
    embedder: FaceEmbedder,
    proofs: readonly RoleProof[],
    settings: FaceAnalyserConfig['settings'],
    confidence: number,
  ) {
    this.#detector = detector;
    this.#embedder = embedder;
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
    const { settings } = config;
    const proofs: RoleProof[] = [];
    const open = async (role: Role, model: ResolvedModel, warmUp: number[][]): Promise<Session> => {
      const requested = settings.providers[role];
      const session = await Session.open(model, { providers: requested, warmUp });
      const { provider, nodes, degraded, passedOver } = session;
      proofs.push({ role, model: model.entry.name, requested, provider, nodes, degraded, passedOver });
      return session;
    };
    const detector = await openDetector(config, open);
    const entry = expectTask(config.embedder.entry, 'embedder');
    const side = entry.embedding.cropSize;
    const embedder = new FaceEmbedder(await open('embedder', config.embedder, [[1, 3, side, side]]), entry);
    const confidence = confidenceOf(settings, expectTask(config.detector.entry, 'detector'));
    return new LocalFaceAnalyser(detector, embedder, proofs, settings, confidence);
  }

  /** Calls must not overlap. @param image not retained. */
  async analyse(image: PixelImage, options: PictureOptions): Promise<Analysis> {
    const { nms, maxFaces, minFacePx } = this.#settings;
    const start = performance.now();
    const found = await this.#detector.detect(image, {
      confidence: options.confidence ?? this.#confidence,
      nms: options.nms ?? nms,
      maxFaces: options.maxFaces ?? maxFaces,
    });
    const detected = performance.now();
    const faces: AnalysedFace[] = [];
    for (const face of found) {
      const unfit = unfitByGeometry(face, image, minFacePx);
      if (unfit || options.want === 'detections') faces.push({ ...face, ...NOT_EMBEDDED, unfit });
      else faces.push(await this.#embed(image, face));
    }
    return { faces, timings: { detect: detected - start, embed: performance.now() - detected } };
  }

  async #embed(image: PixelImage, face: Detection): Promise<AnalysedFace> {
    const { entry } = this.#embedder;
    try {
      const { vector, signal } = await this.#embedder.embed(image, face.landmarks);
      if (!vector) return { ...face, ...NOT_EMBEDDED, unfit: 'not_embedded' };
      const quality = qualityOf(entry, signal);
      return {
        ...face,
        embedding: { model: entry.name, vector },
        quality,
        qualitySignal: entry.calibration.quality.signal,
        unfit: quality < this.#settings.oodThreshold ? 'low_quality' : null,
        scores: {},
      };
    } catch (error) {
      // One face without a shape must not cost the others their answer.
      if (error instanceof AppError && error.code === 'ALIGN_DEGENERATE') {
        return { ...face, ...NOT_EMBEDDED, unfit: 'not_embedded' };
      }
      throw error;
    }
  }
}

const NOT_EMBEDDED = { embedding: null, quality: null, qualitySignal: null, scores: {} } as const;

type OpenSession = (role: Role, model: ResolvedModel, warmUp: number[][]) => Promise<Session>;

async function openDetector(config: FaceAnalyserConfig, open: OpenSession): Promise<FaceDetector> {
  const entry = expectTask(config.detector.entry, 'detector');
  if (entry.family === 'starter-ssd') return openStarterDetector(config, entry, open);
  const { inputSize } = config.settings;
  const session = await open('detector', config.detector, warmUpShapes(entry, inputSize));
  switch (entry.family) {
    case 'retinaface':
      return new RetinaFaceDetector(session, entry, inputSize);
    case 'yunet':
      return new YuNetDetector(session, entry, inputSize);
    case 'scrfd':
      return new ScrfdDetector(session, entry, inputSize);
  }
}

async function openStarterDetector(
  config: FaceAnalyserConfig,
  entry: StarterDetectorEntry,
  open: OpenSession,
): Promise<FaceDetector> {
  if (!config.landmarks) {
    throw new AppError(
      'MODEL_NOT_FOUND',
      `${entry.name} needs the landmarks network ${entry.landmarks}; none was given`,
    );
  }
  const landmarks = expectTask(config.landmarks.entry, 'landmarks');
  const [width, height] = landmarks.input.size ?? [112, 112];
  const session = await open('detector', config.detector, [[1, 3, 512, 512]]);
  const pointer = await open('landmarks', config.landmarks, [[1, 3, height, width]]);
  return new StarterSsdDetector(session, entry, new StarterLandmarks(pointer, landmarks));
}

function warmUpShapes(entry: DetectorEntry, inputSize: number): number[][] {
  if (entry.input.size) return [[1, 3, entry.input.size[1], entry.input.size[0]]];
  const shapes = WARM_UP_PICTURES.map((picture) => letterbox(picture, inputSize).canvas);
  return shapes.map(({ width, height }) => [1, 3, height, width]);
}

function expectTask<T extends CatalogEntry['task']>(entry: CatalogEntry, task: T): Extract<CatalogEntry, { task: T }> {
  if (entry.task === task) return entry as Extract<CatalogEntry, { task: T }>;
  throw new AppError(
    'MODEL_CONTRACT_MISMATCH',
    `${entry.name} was given as ${task}; the catalog says it is ${entry.task}`,
  );
}
