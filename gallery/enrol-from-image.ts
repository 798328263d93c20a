import type { AnalysedFace, Box } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { type EnrolledTemplate, type EnrolmentTerms, enrolFace } from './enrol-face.ts';
import { type FitFaceOptions, fitFace } from './fit-face.ts';

export interface EnrolFromImageOptions extends FitFaceOptions, EnrolmentTerms {
  /** Makes the JPEG of the face that the gallery may keep. Default: none is made. */
  picture?: (image: PixelImage, box: Box) => Promise<Buffer>;
}

export interface EnrolledFace extends EnrolledTemplate {
  readonly quality: number | null;
  readonly face: AnalysedFace;
}

/**
 * Adds the face in the picture to a subject. The picture must show one person: further faces are ignored only when each
 * covers less than a quarter of the largest one's area, so that a passer-by far behind does not spoil a portrait, while
 * nobody is enrolled under the name of whoever stood beside them.
 *
 * @throws {AppError} SUBJECT_NOT_FOUND, FACE_NOT_FOUND, FACE_NOT_UNIQUE; FACE_UNFIT, with `details.reason`;
 * SUBJECT_COLLISION, with `details.subject` and `details.similarity`; what the analyser throws.
 */
export async function enrolFromImage(options: EnrolFromImageOptions): Promise<EnrolledFace> {
  const { gallery, subjectId, image } = options;
  gallery.subject(subjectId);
  const face = await fitFace(options);
  const picture = options.picture ? await options.picture(image, face.box) : null;
  return { ...(await enrolFace({ ...options, face, picture })), quality: face.quality, face };
}
