import type { Readable } from 'node:stream';
import type { FromChild, ToChild } from './process-messages.ts';

/** A process or thread that holds networks, as a thing that takes messages and ends. */
export interface ChildHost {
  /** Of the process; of the whole program for a thread. */
  readonly pid: number;
  /** For people: `inference process 4711`, `inference thread 3`. */
  readonly name: string;
  /** A failure to send means that it is going: `gone` tells. */
  send(message: ToChild): void;
  /** Ends a process at once. A thread is asked: it goes when the network that it runs has finished. Idempotent. */
  end(): void;
  readonly gone: Promise<string>;
  /** Why it runs at the priority of the server; null where it does not, or says so itself. */
  readonly priorityRefusal: Error | null;
}

export interface ChildHostOptions {
  /** All that a process sees of the environment; a thread sees none of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Inherited from FIRST_SLOT_FD on. */
  readonly descriptors: readonly number[];
  readonly received: (message: FromChild) => void;
  /** What it says on its standard error. */
  readonly said: (text: string) => void;
}

export function listen(stream: Readable | null, said: (text: string) => void): void {
  stream?.setEncoding('utf8').on('data', said);
}
