import type { LiveFace, LiveFrame } from '../api/live-message.ts';
import { boxInArea, cropAround } from '../wall/face-geometry.ts';

const MARGIN = 0.4;

/**
 * The part of a camera's picture around one face, as a JPEG of its own. Other faces that reach into it are painted over:
 * a picture for the gallery shows one person.
 */
export async function cutOutFace(jpeg: Blob, frame: LiveFrame, face: LiveFace, fileName: string): Promise<File> {
  const bitmap = await createImageBitmap(jpeg);
  const part = cropAround(face.bbox, frame, MARGIN);
  const canvas = document.createElement('canvas');
  canvas.width = part.width;
  canvas.height = part.height;
  const context = canvas.getContext('2d', { alpha: false })!;
  const drawPart = () => context.drawImage(bitmap, -part.x, -part.y);
  drawPart();
  const fit = { scale: 1, dx: -part.x, dy: -part.y };
  context.fillStyle = '#808080';
  for (const other of frame.faces) {
    if (other === face) continue;
    const box = boxInArea(other.bbox, fit);
    context.fillRect(box.x, box.y, box.width, box.height);
  }
  const own = boxInArea(face.bbox, fit);
  context.save();
  context.beginPath();
  context.rect(own.x, own.y, own.width, own.height);
  context.clip();
  drawPart();
  context.restore();
  bitmap.close();
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.95));
  if (!blob) throw new Error('the browser made no JPEG of the canvas');
  return new File([blob], fileName, { type: 'image/jpeg' });
}
