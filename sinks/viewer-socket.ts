/** The part of a `ws` socket that the sinks use. */
export interface ViewerSocket {
  /** 1 is open. */
  readonly readyState: number;
  /** Bytes handed to `send` that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  /** `done` is called when the operating system has taken the message, or when it never will. */
  send(data: Buffer | string, options: { binary: boolean }, done: (error?: Error | null) => void): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

/** `readyState` of an open socket. */
export const OPEN = 1;
