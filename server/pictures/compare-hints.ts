import type { AnalysedFace, QualitySignal } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { COMPARE_WORDS, type Language, type PictureName } from './compare-words.ts';

export interface ComparedPicture {
  readonly name: PictureName;
  readonly image: PixelImage;
  /** The largest one. */
  readonly face: AnalysedFace;
  /** Faces in the picture. */
  readonly count: number;
}

type FaceHint = 'sideFace' | 'unevenLight' | 'dark' | 'bright' | 'blurred' | 'smallFace';

/** A part of a face's quality below this may be why it resembles nobody; long before it makes the face unfit. */
const TELLING: readonly (readonly [QualitySignal, below: number, FaceHint])[] = [
  // The head is turned by about 30°.
  ['pose', 0.94, 'sideFace'],
  // One half of the face has 1.8 times the light of the other.
  ['evenness', 0.8, 'unevenLight'],
  ['light', 0.8, 'dark'],
  ['glare', 0.8, 'bright'],
  ['sharpness', 0.6, 'blurred'],
  // Some 50 pixels.
  ['size', 0.7, 'smallFace'],
];

/** What may be the reason that two faces are little alike: what was measured of the faces first, then what can be tried. */
export function compareHints(pictures: readonly ComparedPicture[], language: Language): string[] {
  const say = COMPARE_WORDS[language];
  const hints: string[] = [];
  for (const { name, image, face, count } of pictures) {
    for (const [part, below, hint] of TELLING) {
      if ((face.qualityParts[part] ?? 1) < below) hints.push(say[hint](name));
    }
    const { width, height } = image;
    // Either way round: a portrait of 480×640 is as good.
    if (Math.max(width, height) < 640 || Math.min(width, height) < 480) {
      hints.push(say.smallPicture(name, `${width}×${height}`));
    }
    if (count > 1) hints.push(say.otherFaces(name, count));
  }
  hints.push(say.lowerConfidence);
  return hints;
}
