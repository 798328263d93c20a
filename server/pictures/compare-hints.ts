import type { AnalysedFace } from '../../pipeline/face.ts';
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

/** The nose stands so far from the middle of the eyes, as a share of their distance, when the head is turned by about 30°. */
const TURNED = 0.35;
/** One half of a face has so many times the light of the other. */
const UNEVEN = 1.8;

/** What may be the reason that two faces are little alike: what can be seen in the pictures first, then what can be tried. */
export function compareHints(pictures: readonly ComparedPicture[], language: Language): string[] {
  const say = COMPARE_WORDS[language];
  const hints: string[] = [];
  for (const { name, image, face, count } of pictures) {
    if (isTurned(face)) hints.push(say.sideFace(name));
    if (isUnevenlyLit(image, face)) hints.push(say.unevenLight(name));
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

function isTurned({ landmarks: { leftEye, rightEye, nose } }: AnalysedFace): boolean {
  const [dx, dy] = [rightEye[0] - leftEye[0], rightEye[1] - leftEye[1]];
  const eyes = Math.hypot(dx, dy);
  if (eyes === 0) return true;
  const [mx, my] = [(leftEye[0] + rightEye[0]) / 2, (leftEye[1] + rightEye[1]) / 2];
  // Along the line of the eyes, so that a tilted head does not count.
  const offset = ((nose[0] - mx) * dx + (nose[1] - my) * dy) / eyes;
  return Math.abs(offset) / eyes > TURNED;
}

function isUnevenlyLit(image: PixelImage, { box }: AnalysedFace): boolean {
  const middle = (box[0] + box[2]) / 2;
  const left = meanLuma(image, box[0], box[1], middle, box[3]);
  const right = meanLuma(image, middle, box[1], box[2], box[3]);
  return Math.max(left, right) > UNEVEN * Math.max(1, Math.min(left, right));
}

/** Mean luma (Rec. 601) of a region, 0–255; 0 for an empty one. */
function meanLuma({ data, width, height }: PixelImage, x1: number, y1: number, x2: number, y2: number): number {
  const [left, right] = [Math.max(0, Math.floor(x1)), Math.min(width, Math.ceil(x2))];
  const [top, bottom] = [Math.max(0, Math.floor(y1)), Math.min(height, Math.ceil(y2))];
  if (right <= left || bottom <= top) return 0;
  // A hundred rows and columns are enough for a mean; a face may have 16 million pixels.
  const step = Math.max(1, Math.floor(Math.min(right - left, bottom - top) / 100));
  let sum = 0;
  let count = 0;
  for (let y = top; y < bottom; y += step) {
    for (let x = left; x < right; x += step) {
      const at = (y * width + x) * 3;
      sum += 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number);
      count += 1;
    }
  }
  return sum / count;
}
