import { effect, signal } from '@preact/signals';
import { whenUnauthenticated } from '../api/call.ts';
import { connectSocket } from '../api/connect-socket.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { openSteadySocket, type SteadySocket } from '../api/steady-socket.ts';
import { refreshCameras } from './cameras.ts';
import { refreshDoors } from './doors.ts';
import { eventsCursor, takeEventMessage } from './events.ts';
import { galleryChanged } from './gallery-changes.ts';
import { refreshReadiness } from './readiness.ts';
import { checkSession, session, sessionEnded } from './session.ts';

export type Connection =
  | { at: 'connecting'; lostSince: number | null }
  | { at: 'live' }
  | { at: 'waiting'; lostSince: number; retryAt: number }
  | { at: 'halted' };

/** Whether the server is there; the event feed's socket is the sign of it. */
export const connection = signal<Connection>({ at: 'connecting', lostSince: null });

const POLL_MS = 4000;
const READY_MS = 20_000;
/** Schedules begin and end without an event. */
const DOORS_MS = 10_000;
let feed: SteadySocket | null = null;

export function connectNow(): void {
  if (connection.peek().at !== 'live') feed?.retry();
}

/** Once, from main.tsx. */
export function startConnection(): void {
  whenUnauthenticated(() => {
    sessionEnded();
    feed?.retry(); // halts there: the session is asked for first
  });
  feed = openSteadySocket({
    async prepare() {
      if (!(await checkSession())) return null;
      return `/ws/events?since=${await eventsCursor()}`;
    },
    connect: connectSocket,
    onMessage: takeEventMessage,
    onState(state) {
      const before = connection.peek();
      const lostSince = 'lostSince' in before ? before.lostSince : before.at === 'live' ? Date.now() : null;
      if (state.at === 'open') connection.value = { at: 'live' };
      else if (state.at === 'waiting') {
        connection.value = { at: 'waiting', lostSince: lostSince ?? Date.now(), retryAt: state.retryAt };
      } else if (state.at === 'connecting') connection.value = { at: 'connecting', lostSince };
      else connection.value = { at: 'halted' };
    },
  });

  effect(() => {
    if (connection.value.at !== 'live') return;
    void refreshCameras();
    void refreshDoors();
    galleryChanged();
    void refreshReadiness();
  });

  let missed = 0;
  setInterval(async () => {
    if (document.hidden || connection.peek().at !== 'live') return;
    const reached = await refreshCameras();
    missed = reached ? 0 : missed + 1;
    // A network that went away leaves the socket "open" for minutes.
    if (missed >= 2 && connection.peek().at === 'live') {
      missed = 0;
      feed?.retry();
    }
  }, POLL_MS);
  setInterval(() => {
    if (!document.hidden && connection.peek().at === 'live') void refreshReadiness();
  }, READY_MS);

  setInterval(() => {
    if (!document.hidden && connection.peek().at === 'live') void refreshDoors();
  }, DOORS_MS);

  addEventListener('online', connectNow);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    if (connection.peek().at === 'live') void refreshCameras();
    else connectNow();
  });
}

/** @throws {ApiError} when the key is not taken. */
export async function logIn(key: string): Promise<void> {
  await facegateApi.logIn(key);
  feed?.retry();
}

export async function logOut(): Promise<void> {
  await facegateApi.logOut();
  session.value = { phase: 'login', expired: false };
  feed?.retry();
}
