import { AppError } from '../config/app-error.ts';
import type { AnalysedFace, Box, Probe, UnfitReason } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import type { FaceAnalyser } from '../pipeline/ports.ts';

export interface FitFaceOptions {
  analyser: Pick<FaceAnalyser, 'analyse'>;
  image: PixelImage;
  /** What the settings ask of a face; named in the message of a refusal. */
  required?: { minFacePx?: number; quality?: number };
  /** Smallest detection confidence that counts, 0..1. Default: the detector's setting. */
  confidence?: number;
  signal?: AbortSignal;
}

export type FitFace = AnalysedFace & { readonly embedding: Probe };

/** A face of less than this share of the largest one's area is somebody in the background. */
const BACKGROUND_AREA = 0.25;

/**
 * The one face of the picture, fit and embedded. The picture must show one person: further faces are ignored only when each
 * covers less than a quarter of the largest one's area, so that a passer-by far behind does not spoil a portrait, while
 * nobody is enrolled under the name of whoever stood beside them.
 *
 * @throws {AppError} FACE_NOT_FOUND, FACE_NOT_UNIQUE; FACE_UNFIT, with `details.reason`; what the analyser throws.
 */
export async function fitFace(options: FitFaceOptions): Promise<FitFace> {
  const { analyser, image, required = {}, confidence, signal } = options;
  const { faces } = await analyser.analyse(image, {
    want: 'embeddings',
    ...(confidence !== undefined && { confidence }),
    ...(signal && { signal }),
  });
  const face = soleFace(faces);
  if (isFit(face)) return face;
  const { unfit, quality } = face;
  const reason = unfit ?? 'not_embedded';
  throw new AppError('FACE_UNFIT', refusal(reason, face, required), { details: { reason, quality } });
}

function isFit(face: AnalysedFace): face is FitFace {
  return face.unfit === null && face.embedding !== null;
}

function soleFace(faces: readonly AnalysedFace[]): AnalysedFace {
  const [largest, ...others] = [...faces].sort((a, b) => area(b.box) - area(a.box));
  if (!largest) throw new AppError('FACE_NOT_FOUND', 'no face was found in the picture');
  const rivals = others.filter((face) => area(face.box) >= BACKGROUND_AREA * area(largest.box));
  if (rivals.length === 0) return largest;
  throw new AppError(
    'FACE_NOT_UNIQUE',
    `the picture shows ${rivals.length + 1} faces of similar size, one person is needed`,
    { details: { faces: rivals.length + 1 } },
  );
}

function area([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

function refusal(
  reason: UnfitReason,
  { box, quality, qualitySignal }: AnalysedFace,
  required: { minFacePx?: number; quality?: number },
): string {
  switch (reason) {
    case 'too_small': {
      const least = required.minFacePx === undefined ? '' : `, at least ${required.minFacePx} px are needed`;
      return `the face is too small to be recognised: ${Math.round(box[2] - box[0])} px wide${least}`;
    }
    case 'low_quality': {
      const measured = quality === null ? '' : `: quality ${quality.toFixed(2)}`;
      const signal = quality === null || qualitySignal === null ? '' : ` by ${qualitySignal}`;
      const least = required.quality === undefined ? '' : `, at least ${required.quality.toFixed(2)} is needed`;
      return `the face is not fit to be recognised${measured}${signal}${least}; try a sharper, frontal picture`;
    }
    case 'cut_off':
      return 'the face is cut off by the edge of the picture';
    case 'turned_away':
      return 'the face is turned away; the person must look towards the camera';
    case 'too_dark':
      return 'the face is too dark';
    case 'too_bright':
      return 'the face is too bright';
    case 'blurred':
      return 'the face is blurred';
    case 'not_embedded':
      return 'the face was found and could not be embedded';
  }
}
