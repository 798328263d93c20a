import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Question } from './questions.ts';

export interface Target extends Question {
  /** Under which its answers are counted. */
  readonly name: string;
  readonly url: string;
}

/** Ends by itself after so many seconds or calls; where both are null, when it is told to. */
export interface AskTask {
  /** Asked in turn. */
  readonly targets: readonly Target[];
  /** Calls under way at the same time. */
  readonly atOnce: number;
  readonly seconds: number | null;
  readonly calls: number | null;
}

/** What came back from one name's targets. */
export interface Asked {
  /** Milliseconds of each call that was answered 200, from the request to the last byte. */
  readonly latencies: readonly number[];
  /** Of these, answers that say something else than was expected. */
  readonly wrong: number;
  /** Calls without such an answer, by status or error code. */
  readonly failed: Readonly<Record<string, number>>;
}

export interface Heard {
  readonly seconds: number;
  /** How late the main thread was of the program that asked, milliseconds, 99th percentile. */
  readonly ownDelayP99Ms: number;
  readonly asked: Readonly<Record<string, Asked>>;
}

/** A program held to some processors, which listens, or asks: over its channel it is told what, and when it is enough. */
export class PinnedProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  /** The first thing that it said. */
  readonly said: unknown;

  private constructor(child: ChildProcess, gone: Promise<unknown>, said: unknown) {
    this.#child = child;
    this.#gone = gone;
    this.said = said;
  }

  /** @param cpus as `taskset -c` takes them; null: all. */
  static async start(file: 'caller.ts' | 'null-server.ts', cpus: string | null): Promise<PinnedProgram> {
    const script = fileURLToPath(new URL(file, import.meta.url));
    const [program = process.execPath, ...args] = [...pinned(cpus), process.execPath, script];
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    const gone = once(child, 'exit');
    return new PinnedProgram(child, gone, await answerOf(child));
  }

  /** Resolves with what it heard, when it is done or after `enough`. */
  async ask(task: AskTask): Promise<Heard> {
    const heard = answerOf(this.#child);
    this.#child.send(task);
    return (await heard) as Heard;
  }

  enough(): void {
    this.#child.send('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#gone;
  }
}

/** What comes before a program's name so that it, and all that it starts, stays on these processors. */
export function pinned(cpus: string | null): string[] {
  return cpus === null ? [] : ['taskset', '-c', cpus];
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null) =>
      reject(new Error(`a program of the bench ended with ${code ?? signal}`));
    child.once('error', reject);
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('error', reject).off('exit', ended);
      resolve(message);
    });
  });
}
