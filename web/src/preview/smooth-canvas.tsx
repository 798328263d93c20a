import { useEffect, useRef } from 'preact/hooks';
import { connectSocket } from '../api/connect-socket.ts';
import type { LiveFrame } from '../api/live-message.ts';
import { openSteadySocket } from '../api/steady-socket.ts';
import { noteFaces, notePicture } from '../state/glances.ts';
import { watchFaces } from '../state/live-pictures.ts';
import { drawFaces } from '../wall/draw-faces.ts';
import { fitPicture } from '../wall/face-geometry.ts';
import { boxOpacity } from './box-opacity.ts';
import type { Mpeg1Player } from './mpeg1-player.ts';
import { previewRefusal } from './preview-refusal.ts';
import { whileSeen } from './while-seen.ts';

export type SmoothState =
  | { at: 'opening' }
  | { at: 'playing' }
  /** `again`: it may do later. */
  | { at: 'refused'; why: string; again: boolean };

interface SmoothCanvasProps {
  camera: string;
  label: string;
  onState(state: SmoothState): void;
}

/** No picture for so long: the camera sends nothing that can be shown. */
const FIRST_WITHIN_MS = 10_000;
const FADE_EVERY_MS = 80;

/** The camera's video at its full rate, and the newest boxes over it; they fade when they are old. */
export function SmoothCanvas({ camera, label, onState }: SmoothCanvasProps) {
  const video = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const tell = useRef(onState);
  tell.current = onState;

  useEffect(() => {
    const boxes = drawBoxes(overlay.current!);
    const stopFaces = whileSeen(overlay.current!, () =>
      watchFaces(camera, ({ frame }) => {
        boxes.show(frame);
        noteFaces(frame);
      }),
    );
    const stopVideo = whileSeen(video.current!, () =>
      playVideo(camera, video.current!, (state) => tell.current(state)),
    );
    return () => {
      stopFaces();
      stopVideo();
      boxes.stop();
    };
  }, [camera]);

  return (
    <>
      <canvas ref={video} class="camera-canvas smooth-video" role="img" aria-label={label} />
      <canvas ref={overlay} class="camera-canvas smooth-boxes" />
    </>
  );
}

function playVideo(camera: string, canvas: HTMLCanvasElement, onState: (state: SmoothState) => void): () => void {
  let player: Mpeg1Player | null = null;
  let playing = false;
  let gone = false;
  let socket: { close(): void } | null = null;
  const refuse = (why: string, again: boolean) => {
    if (gone) return;
    onState({ at: 'refused', why, again });
  };
  const late = setTimeout(() => refuse('No video has come within 10 s.', true), FIRST_WITHIN_MS);
  const open = async () => {
    const { createMpeg1Player } = await import('./mpeg1-player.ts');
    if (gone) return;
    player = createMpeg1Player(canvas, () => {
      notePicture(camera);
      if (playing || gone) return;
      playing = true;
      clearTimeout(late);
      onState({ at: 'playing' });
    });
    socket = openSteadySocket({
      prepare: async () => `/ws/preview/${encodeURIComponent(camera)}`,
      connect: connectSocket,
      onMessage: (data) => {
        if (data instanceof ArrayBuffer) player?.take(data);
      },
      onState: () => {},
      halts(code, reason) {
        const why = previewRefusal(code, reason);
        if (why === null) return false;
        refuse(why, code === 1013);
        return true;
      },
    });
  };
  onState({ at: 'opening' });
  open().catch(() => refuse('The player could not be loaded.', true));
  return () => {
    gone = true;
    clearTimeout(late);
    socket?.close();
    player?.close();
  };
}

/** What is drawn stands in `data-sequence` and `data-faces` (CSS pixels), how old it looks in `data-faded`. */
function drawBoxes(canvas: HTMLCanvasElement): { show(frame: LiveFrame): void; stop(): void } {
  const context = canvas.getContext('2d')!;
  let newest: { frame: LiveFrame; cameAtMs: number } | null = null;

  const fade = () => {
    if (!newest) return;
    const opacity = boxOpacity(newest.frame.ageMs + performance.now() - newest.cameAtMs);
    canvas.style.opacity = String(opacity);
    canvas.dataset.faded = String(opacity < 1);
  };
  const draw = () => {
    const area = { width: canvas.clientWidth, height: canvas.clientHeight };
    if (!newest || area.width === 0 || area.height === 0) return;
    canvas.width = Math.round(area.width * devicePixelRatio);
    canvas.height = Math.round(area.height * devicePixelRatio);
    context.setTransform(canvas.width / area.width, 0, 0, canvas.height / area.height, 0, 0);
    const { frame } = newest;
    const faces = drawFaces(context, frame.faces, fitPicture(frame, area), area);
    canvas.dataset.sequence = String(frame.sequence);
    canvas.dataset.faces = JSON.stringify(faces);
    fade();
  };
  const resized = new ResizeObserver(draw);
  resized.observe(canvas);
  const fading = setInterval(fade, FADE_EVERY_MS);
  return {
    show(frame) {
      newest = { frame, cameAtMs: performance.now() };
      draw();
    },
    stop() {
      resized.disconnect();
      clearInterval(fading);
    },
  };
}
