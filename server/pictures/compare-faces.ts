import { AppError } from '../../config/app-error.ts';
import type { AnalysedFace, Embedding, QualityParts } from '../../pipeline/face.ts';
import type { CompareCalibration } from '../server-parts.ts';
import { type ComparedPicture, compareHints } from './compare-hints.ts';
import { COMPARE_WORDS, type Language, type PictureName } from './compare-words.ts';
import { type DetectionView, intBox, scoresOf } from './detection-view.ts';

/** Below this the answer says what may be the reason. */
const HINTS_BELOW = 0.3;

interface ComparedFaceView {
  count: number;
  bbox: DetectionView['bbox'];
  confidence: number;
  qualitySignal: string | null;
  qualityParts: QualityParts;
  unfit: string | null;
  scores?: AnalysedFace['scores'];
}

export interface Comparison {
  similarity: number;
  is_same_person: boolean;
  message: string;
  cosine: number;
  threshold: number;
  quality: Record<PictureName, number | null>;
  faces: Record<PictureName, ComparedFaceView>;
  hints?: string[];
}

/**
 * The largest of the faces found in a picture.
 * @throws {AppError} FACE_NOT_FOUND, naming the picture.
 */
export function largestFace(faces: readonly AnalysedFace[], picture: PictureName): AnalysedFace {
  const area = ({ box: [x1, y1, x2, y2] }: AnalysedFace) => (x2 - x1) * (y2 - y1);
  const [first, ...others] = faces;
  if (!first) throw new AppError('FACE_NOT_FOUND', `no face was found in ${picture}`, { details: { image: picture } });
  return others.reduce((largest, face) => (area(face) > area(largest) ? face : largest), first);
}

/**
 * Whether two pictures show one person. A face that is not fit to be recognised is compared, if it can be at all, and the
 * answer says so; it is never the same person, since two bad crops resemble each other whoever they show.
 *
 * @throws {AppError} FACE_UNFIT, naming the picture, when a face could not be embedded; INFERENCE_FAILED.
 */
export function compareFaces(
  first: ComparedPicture,
  second: ComparedPicture,
  { threshold, similarity: toSimilarity }: CompareCalibration,
  language: Language,
): Comparison {
  const cosine = cosineOf(embeddingOf(first), embeddingOf(second));
  const similarity = Math.min(1, Math.max(0, toSimilarity(cosine)));
  const unfit = [first, second].find(({ face }) => face.unfit !== null);
  const same = !unfit && cosine >= threshold;
  const say = COMPARE_WORDS[language];
  const shown = similarity.toFixed(3);
  return {
    similarity,
    is_same_person: same,
    message: unfit ? say.unfit(unfit.name, unfit.face.unfit ?? '') : same ? say.same(shown) : say.different(shown),
    cosine,
    threshold,
    quality: { image1: first.face.quality, image2: second.face.quality },
    faces: { image1: view(first), image2: view(second) },
    ...(similarity < HINTS_BELOW && { hints: compareHints([first, second], language) }),
  };
}

function view({ image, face, count }: ComparedPicture): ComparedFaceView {
  const { box, confidence, qualitySignal, qualityParts, unfit } = face;
  return { count, bbox: intBox(box, image), confidence, qualitySignal, qualityParts, unfit, ...scoresOf(face) };
}

function embeddingOf({ name, face }: ComparedPicture): Embedding {
  if (face.embedding) return face.embedding;
  const reason = face.unfit ?? 'not_embedded';
  throw new AppError('FACE_UNFIT', `the face in ${name} is not fit to be recognised (${reason})`, {
    details: { image: name, reason },
  });
}

/**
 * The cosine of two embeddings, −1..1.
 * @throws {AppError} INFERENCE_FAILED when our networks gave what cannot be compared: different models or widths, no number.
 */
export function cosineOf(a: Embedding, b: Embedding): number {
  if (a.model !== b.model || a.vector.length !== b.vector.length) {
    throw new AppError('INFERENCE_FAILED', `the faces were embedded by different models (${a.model}, ${b.model})`);
  }
  let dot = 0;
  for (let i = 0; i < a.vector.length; i += 1) dot += (a.vector[i] as number) * (b.vector[i] as number);
  if (!Number.isFinite(dot)) throw new AppError('INFERENCE_FAILED', 'the network gave an embedding that is no number');
  return Math.min(1, Math.max(-1, dot));
}
