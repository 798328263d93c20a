import { effect } from '@preact/signals';
import { connectSocket } from '../api/connect-socket.ts';
import { type LiveMessage, parseLiveMessage } from '../api/live-message.ts';
import { openSteadySocket, type SteadySocket } from '../api/steady-socket.ts';
import { connection } from './connection.ts';

type Listener = (message: LiveMessage) => void;

// Tiles come and go in bursts (a page change, scrolling): one new socket for each burst.
const SETTLE_MS = 200;

const listeners = new Map<string, Set<Listener>>();
let current: { cameras: string; socket: SteadySocket } | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Pictures of a camera from now on, as long as the page can be seen; call what it returns to stop. */
export function watchCamera(id: string, listener: Listener): () => void {
  const own = listeners.get(id) ?? new Set();
  listeners.set(id, own.add(listener));
  settle();
  return () => {
    own.delete(listener);
    if (own.size === 0) listeners.delete(id);
    settle();
  };
}

function settle(): void {
  clearTimeout(timer);
  timer = setTimeout(sync, SETTLE_MS);
}

/** One socket for exactly the cameras that are looked at; none while the tab is hidden or the server away. */
function sync(): void {
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
    prepare: async () => `/ws/live?${cameras}`,
    connect: connectSocket,
    onMessage(data) {
      const message = data instanceof ArrayBuffer ? parseLiveMessage(data) : null;
      if (!message) return;
      for (const listener of listeners.get(message.frame.camera) ?? []) listener(message);
    },
    // The old socket goes when the new one stands, so that no picture halts while tiles change.
    onState: (state) => {
      if (state.at === 'open' || state.at === 'waiting') before?.close();
    },
  });
  current = { cameras, socket };
}

/** Once, from main.tsx. */
export function startLivePictures(): void {
  document.addEventListener('visibilitychange', sync);
  let wasLive = false;
  effect(() => {
    const live = connection.value.at === 'live';
    if (live !== wasLive) sync();
    wasLive = live;
  });
}
