import { useEffect, useRef, useState } from 'preact/hooks';
import type { Rect } from '../wall/face-geometry.ts';

interface PictureCanvasProps {
  picture: Blob;
  label: string;
  /** The part to show, pixels of the picture; all of it by default. */
  part?: Rect;
  /** Longest side of what is kept in memory, pixels. */
  longest?: number;
}

/** Shows a picture from memory. A canvas, because the page's policy allows no blob: or data: addresses. */
export function PictureCanvas({ picture, label, part, longest = 640 }: PictureCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    let gone = false;
    createImageBitmap(picture).then(
      (bitmap) => {
        const target = canvas.current;
        if (!gone && target) {
          const from = part ?? { x: 0, y: 0, width: bitmap.width, height: bitmap.height };
          const scale = Math.min(1, longest / Math.max(from.width, from.height));
          target.width = Math.max(1, Math.round(from.width * scale));
          target.height = Math.max(1, Math.round(from.height * scale));
          target
            .getContext('2d')!
            .drawImage(bitmap, from.x, from.y, from.width, from.height, 0, 0, target.width, target.height);
        }
        bitmap.close();
      },
      () => !gone && setBroken(true),
    );
    return () => {
      gone = true;
    };
  }, [picture, part?.x, part?.y, part?.width, part?.height, longest]);
  if (broken) return <span class="picture-broken">not a picture</span>;
  return <canvas ref={canvas} class="picture" role="img" aria-label={label} />;
}
