import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../config/app-error.ts';
import { fromWire } from '../processes/process-messages.ts';
import { residentMb } from '../processes/resident-memory.ts';
import type { FromInspector, InspectAnswers, InspectRequest } from './inspect-messages.ts';

export interface ModelInspectorOptions {
  /** All that its process sees of the environment. Default: nothing. */
  environment?: Readonly<Record<string, string>>;
  /** Milliseconds for one question. Default 120,000: large networks load slowly. */
  deadlineMs?: number;
  /** Main memory that its process may take, MiB. Default 8192. */
  memoryLimitMb?: number;
  /** What to start instead of `inspect-process`: for tests. */
  entry?: URL;
}

/** How often the process's memory is looked at: damaged sizes let the runtime ask for all there is. */
const WATCH_EVERY_MS = 100;
/** The end of what the process said last that is kept, characters. */
const LAST_WORDS = 500;

interface Running {
  readonly child: ChildProcess;
  readonly gone: Promise<string>;
  lastWords: string;
}

interface Question {
  readonly reject: (error: AppError) => void;
  readonly resolve: (answer: InspectAnswers[keyof InspectAnswers]) => void;
}

/**
 * Looks into model files in a process of its own, one question after the other. A file that crashes it, hangs it or takes
 * too much memory is told as MODEL_INVALID; the next question starts another process.
 */
export class ModelInspector implements AsyncDisposable {
  readonly #options: Required<ModelInspectorOptions>;
  #running: Running | null = null;
  #question: (Question & { id: number }) | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;
  #closed = false;
  /** Processes that were started so far. */
  started = 0;

  constructor(options: ModelInspectorOptions = {}) {
    const entry = new URL(`./inspect-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.#options = { environment: {}, deadlineMs: 120_000, memoryLimitMb: 8192, entry, ...options };
  }

  /**
   * @throws {AppError} MODEL_INVALID and the other MODEL codes, as the file deserves; INFERENCE_CLOSED after `close`.
   */
  ask<Type extends InspectRequest['type']>(
    request: Extract<InspectRequest, { type: Type }>,
  ): Promise<InspectAnswers[Type]> {
    const answer = this.#last.then(() => this.#ask(request));
    this.#last = answer.catch(() => {});
    return answer as Promise<InspectAnswers[Type]>;
  }

  /** Idempotent; resolves when the process is gone. What is being asked rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#running?.child.kill('SIGKILL');
    await this.#running?.gone;
    await this.#last;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask(request: InspectRequest): Promise<InspectAnswers[keyof InspectAnswers]> {
    if (this.#closed) throw new AppError('INFERENCE_CLOSED', 'no more models are looked into');
    this.#running ??= this.#start();
    const { child } = this.#running;
    const { deadlineMs, memoryLimitMb } = this.#options;
    const file = request.type === 'describe' ? request.path : request.model.path;
    const { promise, resolve, reject } = Promise.withResolvers<InspectAnswers[keyof InspectAnswers]>();
    this.#count += 1;
    const id = this.#count;
    this.#question = { id, resolve, reject };
    const give = (why: string) => {
      reject(new AppError('MODEL_INVALID', `${file}: the process that looked into it ${why}`));
      child.kill('SIGKILL');
    };
    const slow = setTimeout(() => give(`had no answer within ${deadlineMs} ms`), deadlineMs);
    const watch = setInterval(async () => {
      const taken = child.pid === undefined ? null : await residentMb(child.pid);
      if (taken !== null && taken > memoryLimitMb)
        give(`took ${Math.round(taken)} MiB of memory, at most ${memoryLimitMb} are given`);
    }, WATCH_EVERY_MS);
    try {
      child.send({ ...request, id }, (error) => {
        if (error) give(`could not be asked: ${error.message}`);
      });
      return await promise;
    } catch (error) {
      // It may be about to go: the next question must not be sent to it.
      if (child.killed) await this.#running?.gone;
      throw error;
    } finally {
      clearTimeout(slow);
      clearInterval(watch);
      this.#question = null;
    }
  }

  #start(): Running {
    this.started += 1;
    const child = fork(this.#options.entry, [], {
      serialization: 'advanced',
      // No flags of ours and no secret of ours reach it.
      execArgv: [],
      env: { ...this.#options.environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const gone = new Promise<string>((resolve) => {
      child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
      child.on('error', (error) => {
        // A process that never started has no end; anything else leads to one.
        if (child.pid === undefined) resolve(error.message);
      });
    });
    const running: Running = { child, gone, lastWords: '' };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      running.lastWords = (running.lastWords + text).slice(-LAST_WORDS);
    });
    child.on('message', (message: FromInspector) => this.#receive(message));
    gone.then((how) => {
      if (this.#running === running) this.#running = null;
      const words = running.lastWords.trim().split('\n').at(-1);
      const said = words ? `: ${words}` : '';
      const error = this.#closed
        ? new AppError('INFERENCE_CLOSED', 'no more models are looked into')
        : new AppError('MODEL_INVALID', `the process that looked into the file ended with ${how}${said}`);
      this.#question?.reject(error);
    });
    return running;
  }

  #receive(message: FromInspector): void {
    const question = this.#question;
    if (question?.id !== message.id) return;
    if ('error' in message) question.reject(fromWire(message.error));
    else question.resolve(message.answer);
  }
}
