import { useEffect, useRef } from 'preact/hooks';
import type { LiveFrame, LiveMessage } from '../api/live-message.ts';
import { whileSeen } from '../preview/while-seen.ts';
import { noteDrawn } from '../state/glances.ts';
import { watchCamera } from '../state/live-pictures.ts';
import { drawFaces } from './draw-faces.ts';
import { fitPicture } from './face-geometry.ts';
import { createNewestFirst } from './newest-first.ts';

/**
 * Draws the very JPEG of a live message with its faces over it, both in one go, so that a box never lies on another
 * frame's picture. What was drawn stands in `data-sequence` and `data-faces` (CSS pixels of the canvas).
 */
export function CameraCanvas({ camera, label }: { camera: string; label: string }) {
  const element = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = element.current!;
    const context = canvas.getContext('2d', { alpha: false })!;
    let shown: { bitmap: ImageBitmap; frame: LiveFrame } | null = null;
    let gone = false;

    const draw = () => {
      const area = { width: canvas.clientWidth, height: canvas.clientHeight };
      if (!shown || area.width === 0 || area.height === 0) return;
      const { bitmap, frame } = shown;
      const ratio = devicePixelRatio;
      const width = Math.round(area.width * ratio);
      const height = Math.round(area.height * ratio);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
      }
      const fit = fitPicture(frame, area);
      context.setTransform(width / area.width, 0, 0, height / area.height, 0, 0);
      context.imageSmoothingQuality = 'medium';
      context.fillStyle = '#000';
      context.fillRect(0, 0, area.width, area.height);
      context.drawImage(bitmap, fit.dx, fit.dy, frame.width * fit.scale, frame.height * fit.scale);
      const faces = drawFaces(context, frame.faces, fit, area);
      canvas.dataset.sequence = String(frame.sequence);
      canvas.dataset.faces = JSON.stringify(faces);
    };

    const player = createNewestFirst<LiveMessage>(async (message) => {
      const bitmap = await createImageBitmap(new Blob([message.jpeg], { type: 'image/jpeg' }));
      if (gone) {
        bitmap.close();
        return;
      }
      shown?.bitmap.close();
      shown = { bitmap, frame: message.frame };
      draw();
      noteDrawn(message);
    });

    // A canvas that changes its size loses its picture: the same frame is drawn again.
    const resized = new ResizeObserver(draw);
    resized.observe(canvas);

    const stop = whileSeen(canvas, () => watchCamera(camera, player.push));

    return () => {
      gone = true;
      stop();
      resized.disconnect();
      player.stop();
      shown?.bitmap.close();
      shown = null;
    };
  }, [camera]);
  return <canvas ref={element} class="camera-canvas" role="img" aria-label={label} />;
}
