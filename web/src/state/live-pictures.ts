import { effect } from '@preact/signals';
import { connectSocket } from '../api/connect-socket.ts';
import { type LiveFrame, type LiveMessage, parseLiveFrame, parseLiveMessage } from '../api/live-message.ts';
import { openSteadySocket, type SteadySocket } from '../api/steady-socket.ts';
import { connection } from './connection.ts';

interface LiveWatch<T> {
  /** From now on, as long as the page can be seen; call what it returns to stop. */
  watch(camera: string, listener: (message: T) => void): () => void;
  sync(): void;
}

// Tiles come and go in bursts (a page change, scrolling): one new socket for each burst.
const SETTLE_MS = 200;

/** One socket for exactly the cameras that are looked at; none while the tab is hidden or the server away. */
function createLiveWatch<T extends { readonly frame: LiveFrame }>(
  query: string,
  parse: (data: unknown) => T | null,
): LiveWatch<T> {
  const listeners = new Map<string, Set<(message: T) => void>>();
  let current: { cameras: string; socket: SteadySocket } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const sync = () => {
    const wanted = document.hidden || connection.peek().at !== 'live' ? [] : [...listeners.keys()].sort();
    const cameras = wanted.map((id) => `camera=${encodeURIComponent(id)}`).join('&');
    if ((current?.cameras ?? '') === cameras) return;
    const before = current?.socket;
    if (cameras === '') {
      current = null;
      before?.close();
      return;
    }
    const socket = openSteadySocket({
      prepare: async () => `/ws/live?${cameras}${query}`,
      connect: connectSocket,
      onMessage(data) {
        const message = parse(data);
        if (!message) return;
        for (const listener of listeners.get(message.frame.camera) ?? []) listener(message);
      },
      // The old socket goes when the new one stands, so that no picture halts while tiles change.
      onState: (state) => {
        if (state.at === 'open' || state.at === 'waiting') before?.close();
      },
    });
    current = { cameras, socket };
  };
  const settle = () => {
    clearTimeout(timer);
    timer = setTimeout(sync, SETTLE_MS);
  };
  return {
    sync,
    watch(id, listener) {
      const own = listeners.get(id) ?? new Set();
      listeners.set(id, own.add(listener));
      settle();
      return () => {
        own.delete(listener);
        if (own.size === 0) listeners.delete(id);
        settle();
      };
    },
  };
}

const pictures = createLiveWatch<LiveMessage>('', (data) =>
  data instanceof ArrayBuffer ? parseLiveMessage(data) : null,
);
const faces = createLiveWatch('&video=0', (data) => {
  const frame = typeof data === 'string' ? parseLiveFrame(data) : null;
  return frame && { frame };
});

/** Frames of a camera with their pictures. */
export const watchCamera = pictures.watch;
/** Frames of a camera without their pictures. */
export const watchFaces = faces.watch;

/** Once, from main.tsx. */
export function startLivePictures(): void {
  const sync = () => {
    pictures.sync();
    faces.sync();
  };
  document.addEventListener('visibilitychange', sync);
  let wasLive = false;
  effect(() => {
    const live = connection.value.at === 'live';
    if (live !== wasLive) sync();
    wasLive = live;
  });
}
