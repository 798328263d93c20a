import type { Landmarks } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { EmbedderEntry } from '../catalog.ts';
import { PLAIN_CHANNELS, packPlanes } from '../crop-sheet.ts';
import { align } from './align.ts';
import { TEMPLATES } from './templates.ts';
import { warpSquare } from './warp.ts';

/**
 * The face as its embedder wants it, for an embedder in another process. Pixels are rounded to whole numbers, which the
 * embedder that shares a process with the detector need not do.
 *
 * @returns cropSize² pixels, RGB24.
 * @throws {AppError} ALIGN_DEGENERATE when the landmarks do not span a face.
 */
export function alignedCrop(image: PixelImage, landmarks: Landmarks, { embedding }: EmbedderEntry): Uint8Array {
  const { cropSize, alignment } = embedding;
  const planes = new Float32Array(3 * cropSize * cropSize);
  warpSquare(image, align(landmarks, TEMPLATES[alignment], cropSize), cropSize, PLAIN_CHANNELS, planes);
  return packPlanes(planes);
}
