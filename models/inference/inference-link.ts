import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../config/app-error.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Analysis, Logger } from '../../pipeline/ports.ts';
import type { FaceAnalyserConfig, PictureOptions } from './face-analyser.ts';
import { openPixelSender, PIXEL_SLOTS, type PixelSender } from './pixel-channel.ts';
import { EXIT_WRONG_SETTINGS, type FromChild, fromWire, type ToChild } from './process-messages.ts';
import type { RoleProof } from './role-report.ts';

/** Pictures one process may hold: one is worked on, one is there already when it has finished. */
export const LINK_DEPTH = PIXEL_SLOTS;

/** The end of a process's last words that is kept for the error, characters. */
const LAST_WORDS = 2000;

export interface InferenceLinkOptions {
  readonly config: FaceAnalyserConfig;
  /** Environment of the child; it sees nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds until a process that is not ready is given up. */
  readonly startDeadlineMs: number;
  readonly log: Logger;
  /** How pixels cross; taken over and closed. Default: the fastest this machine has. */
  readonly pixels?: PixelSender;
}

interface PendingCall {
  readonly slot: number;
  readonly resolve: (analysis: Analysis) => void;
  readonly reject: (error: AppError) => void;
}

/** One inference process, seen from the parent. It is never restarted: its successor is another link. */
export class InferenceLink {
  readonly pid: number;
  /**
   * Resolves when the networks have run once. Rejects with the reason when they cannot (`hopeless` then says whether
   * another attempt could help).
   */
  readonly ready: Promise<readonly RoleProof[]>;
  /** Resolves when the process is really gone, with how it ended: `signal SIGKILL`, `exit code 1`. Never rejects. */
  readonly gone: Promise<string>;
  /** The child said that its settings or weights cannot work. */
  hopeless = false;
  calls = 0;
  /** It has analysed a picture: whatever ends it later is no trouble of starting. */
  answered = false;
  readonly #child: ChildProcess;
  readonly #pixels: PixelSender;
  readonly #log: Logger;
  readonly #pending = new Map<number, PendingCall>();
  readonly #freeSlots = Array.from({ length: LINK_DEPTH }, (_, slot) => slot);
  readonly #started = Promise.withResolvers<readonly RoleProof[]>();
  #lastWords = '';
  #ended: string | null = null;

  constructor({ config, environment, startDeadlineMs, log, pixels }: InferenceLinkOptions) {
    this.#log = log;
    this.#pixels = pixels ?? openPixelSender();
    const entry = new URL(`./inference-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.#child = fork(entry, [], {
      serialization: 'advanced',
      // No flags of ours (--inspect, --test …) and no secret of ours reach it.
      execArgv: [],
      env: { ...environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...this.#pixels.descriptors],
    });
    this.pid = this.#child.pid ?? 0;
    this.ready = this.#started.promise;
    this.ready.catch(() => {});
    const slow = setTimeout(() => {
      this.#started.reject(
        new AppError('INFERENCE_DEADLINE', `an inference process was not ready within ${startDeadlineMs} ms`),
      );
      this.kill();
    }, startDeadlineMs);
    this.gone = new Promise((resolve) => {
      const end = (how: string) => {
        clearTimeout(slow);
        this.#end(how);
        resolve(how);
      };
      // 'close', not 'exit': what the child still said, the reason of its end among it, comes before it.
      this.#child.once('close', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
      this.#child.on('error', (error) => {
        // A process that never started has no end. Anything else (a message that could not be sent) leads to one.
        if (this.#child.pid === undefined) end(error.message);
      });
    });
    this.ready.then(
      () => clearTimeout(slow),
      () => {},
    );
    this.#child.on('message', (message: FromChild) => this.#receive(message));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#send({ type: 'start', config });
  }

  get transport(): PixelSender['kind'] {
    return this.#pixels.kind;
  }

  /** Pictures in this process, 0 … LINK_DEPTH. */
  get load(): number {
    return LINK_DEPTH - this.#freeSlots.length;
  }

  /** The process was seen to end. */
  get ended(): boolean {
    return this.#ended !== null;
  }

  /** The call that the process works on now: the oldest one; null where it has none. */
  get running(): number | null {
    return this.#pending.keys().next().value ?? null;
  }

  /**
   * @param id unique among all calls of this link.
   * @param image read until the promise settles; not afterwards.
   * @throws {AppError} INFERENCE_DIED when the process ends first; INFERENCE_FAILED and others as the child says.
   */
  analyse(id: number, image: PixelImage, options: PictureOptions): Promise<Analysis> {
    if (this.#ended !== null) return Promise.reject(this.#died(this.#ended));
    const slot = this.#freeSlots.pop();
    if (slot === undefined) throw new Error('a link was given more pictures than it holds');
    this.calls += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { slot, resolve, reject });
      this.#pixels
        .write(slot, image.data)
        .then((pixels) => {
          if (this.#ended !== null) return;
          this.#send({ type: 'analyse', id, width: image.width, height: image.height, pixels, options });
        })
        // An option that cannot be cloned, say.
        .catch((error: unknown) => this.#settle(id)?.reject(AppError.from(error, 'INFERENCE_FAILED')));
    });
  }

  /** Ends the process at once: it holds nothing that must be saved. Idempotent. */
  kill(): void {
    if (this.#ended === null) this.#child.kill('SIGKILL');
  }

  /** Rejects what is inside; used when its answers will not be waited for. */
  rejectAll(error: AppError): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
  }

  #send(message: ToChild): void {
    // A failure to send means that the process is going; its exit rejects what waits.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromChild): void {
    switch (message.type) {
      case 'ready':
        this.#started.resolve(message.proofs);
        break;
      case 'unable':
        this.hopeless = true;
        this.#started.reject(fromWire(message.error));
        break;
      case 'analysed':
        this.answered = true;
        this.#settle(message.id)?.resolve(ownVectors(message.analysis));
        break;
      case 'failed':
        this.#settle(message.id)?.reject(fromWire(message.error));
        break;
    }
  }

  #settle(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    if (!call) return;
    this.#pending.delete(id);
    this.#freeSlots.push(call.slot);
    return call;
  }

  #end(how: string): void {
    this.#ended = how;
    this.#pixels.close();
    if (how === `exit code ${EXIT_WRONG_SETTINGS}`) this.hopeless = true;
    const error = this.#died(how);
    this.#started.reject(error);
    this.rejectAll(error);
  }

  #died(how: string): AppError {
    const words = this.#lastWords.trim().split('\n').at(-1)?.trim();
    return new AppError(
      'INFERENCE_DIED',
      `inference process ${this.pid} ended with ${how}${words ? `: ${words}` : ''}`,
    );
  }

  #hear(text: string): void {
    this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    this.#log.warn({ pid: this.pid }, `inference process: ${text.trimEnd().slice(0, LAST_WORDS)}`);
  }
}

/** Vectors arrive as views into the whole message: each gets memory of its own, so that keeping one keeps only that. */
function ownVectors(analysis: Analysis): Analysis {
  const faces = analysis.faces.map((face) =>
    face.embedding ? { ...face, embedding: { ...face.embedding, vector: face.embedding.vector.slice() } } : face,
  );
  return { ...analysis, faces };
}
