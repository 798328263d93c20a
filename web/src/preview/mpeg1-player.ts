import { CanvasRenderer, MPEG1, type Renderer, TS, WebGLRenderer } from '@cycjimmy/jsmpeg-player';
import { createPictureQueue, keySize } from './picture-queue.ts';

export interface Mpeg1Player {
  /** Whole packets of the transport stream. */
  take(packets: ArrayBuffer): void;
  close(): void;
}

const VIDEO = 0xe0;
/** Milliseconds of one screen refresh that decoding may take. */
const BUDGET_MS = 12;

/**
 * Plays MPEG-1 in an MPEG transport stream as it comes, on `canvas`. Loaded only where somebody wants it. Decodes in
 * JavaScript: the server's policy starts no WebAssembly.
 *
 * @param onPicture after each picture that was drawn.
 */
export function createMpeg1Player(canvas: HTMLCanvasElement, onPicture: () => void): Mpeg1Player {
  const renderer: Renderer = WebGLRenderer.IsSupported()
    ? new WebGLRenderer({ canvas })
    : new CanvasRenderer({ canvas });
  const queue = createPictureQueue();
  const demuxer = new TS();
  let decoder: MPEG1 | null = null;
  let refresh: number | null = null;

  const play = () => {
    refresh = null;
    const began = performance.now();
    let drawn = false;
    do {
      const next = queue.next();
      if (!next) break;
      if (next.anew || !decoder) {
        decoder = new MPEG1({ streaming: true, decodeFirstFrame: false });
        decoder.connect(renderer);
      }
      decoder.write(next.picture.pts, [...next.picture.bytes]);
      drawn = decoder.decode() || drawn;
      // Two or three may come together over a network; more are caught up with.
    } while (queue.length > 3 && performance.now() - began < BUDGET_MS);
    if (drawn) onPicture();
    if (queue.length > 0) refresh = requestAnimationFrame(play);
  };

  demuxer.connect(VIDEO, {
    write(pts, buffers) {
      queue.push({ pts, bytes: buffers, key: keySize(buffers) });
      refresh ??= requestAnimationFrame(play);
    },
  });

  return {
    take: (packets) => demuxer.write(new Uint8Array(packets)),
    close() {
      if (refresh !== null) cancelAnimationFrame(refresh);
      renderer.destroy();
    },
  };
}
