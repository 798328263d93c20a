import { type Backoff, createBackoff } from './backoff.ts';

/** The part of a browser's WebSocket that is used. */
export interface SocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  close(code?: number): void;
}

export type SteadyState =
  | { at: 'connecting' }
  | { at: 'open' }
  | { at: 'waiting'; retryAt: number }
  /** Not trying until `retry()`: `prepare` said so, or it was closed. */
  | { at: 'halted' };

export interface SteadySocketOptions {
  /**
   * Runs before every attempt and gives the path, or null to halt until `retry()` (a login is needed). A rejection counts
   * as a failed attempt.
   */
  prepare(): Promise<string | null>;
  connect(path: string): SocketLike;
  onMessage(data: unknown): void;
  onState(state: SteadyState): void;
  /** Whether a close of the other side is an answer, after which it does not try again until `retry()`. Default: never. */
  halts?(code: number, reason: string): boolean;
  /** How long a connection must stand before the delay starts small again. */
  steadyAfterMs?: number;
  /** An attempt that takes longer has failed. */
  openWithinMs?: number;
  backoff?: Backoff;
}

export interface SteadySocket {
  /** Drops what there is and tries at once. */
  retry(): void;
  /** For good. */
  close(): void;
}

/** A WebSocket that comes back by itself, with growing, jittered delay. */
export function openSteadySocket(options: SteadySocketOptions): SteadySocket {
  const { steadyAfterMs = 3000, openWithinMs = 10_000, backoff = createBackoff() } = options;
  let socket: SocketLike | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  // An attempt that was overtaken (by retry or close) finds another number here and gives up.
  let attempt = 0;

  const drop = () => {
    clearTimeout(timer);
    attempt += 1;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close(1000);
    socket = null;
  };

  const failed = () => {
    drop();
    const delay = backoff.next();
    options.onState({ at: 'waiting', retryAt: Date.now() + delay });
    timer = setTimeout(run, delay);
  };

  const run = async () => {
    drop();
    const mine = attempt;
    options.onState({ at: 'connecting' });
    let path: string | null;
    try {
      path = await options.prepare();
    } catch {
      if (mine === attempt) failed();
      return;
    }
    if (mine !== attempt) return;
    if (path === null) {
      options.onState({ at: 'halted' });
      return;
    }
    try {
      socket = options.connect(path);
    } catch {
      failed();
      return;
    }
    socket.binaryType = 'arraybuffer';
    timer = setTimeout(failed, openWithinMs);
    socket.onopen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => backoff.reset(), steadyAfterMs);
      options.onState({ at: 'open' });
    };
    socket.onmessage = (event) => options.onMessage(event.data);
    socket.onerror = () => {}; // a close follows
    socket.onclose = ({ code, reason }) => {
      if (!options.halts?.(code, reason)) {
        failed();
        return;
      }
      drop();
      options.onState({ at: 'halted' });
    };
  };

  void run();
  return {
    retry() {
      if (!closed) void run();
    },
    close() {
      if (closed) return;
      closed = true;
      drop();
      options.onState({ at: 'halted' });
    },
  };
}
