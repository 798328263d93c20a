import { AppError } from '../../config/app-error.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { type DeviceTrouble, troubleIn } from '../runtime/device-trouble.ts';
import type { ChildHost } from './child-host.ts';
import { messagePixels, openPixelSender, type PixelSender } from './pixel-channel.ts';
import { startProcess } from './process-host.ts';
import { EXIT_WRONG_SETTINGS, type FromChild, fromWire, type NetworksConfig } from './process-messages.ts';
import type { RoleProof } from './role-report.ts';
import { startThread } from './thread-host.ts';

/** Pictures in a process for each that it works on at once: when it has finished, the next one is there already. */
export const STAGED = 2;

/** The end of a process's last words that is kept for the error, characters. */
const LAST_WORDS = 2000;

export interface InferenceLinkOptions {
  readonly config: NetworksConfig;
  readonly host: 'process' | 'thread';
  /** Environment of the child; it sees nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds until a process that is not ready is given up. */
  readonly startDeadlineMs: number;
  /** Pictures that it may be given at once, if it turns out to gain from that. */
  readonly most: number;
  readonly log: Logger;
}

interface PendingCall {
  readonly slot: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/** One inference process (or thread), seen from the parent. It is never restarted: its successor is another link. */
export class InferenceLink {
  /**
   * Resolves when the networks have run once, with what they run on. Rejects with the reason when they cannot (`hopeless`
   * then says whether another attempt could help).
   */
  readonly ready: Promise<readonly RoleProof[]>;
  /** Resolves when the process is really gone, with how and why it ended. Never rejects. */
  readonly gone: Promise<AppError>;
  /** The child said that its settings or weights cannot work. */
  hopeless = false;
  /** It ended because its memory or its device was used up. */
  trouble: DeviceTrouble | null = null;
  calls = 0;
  /** It has answered: whatever ends it later is no trouble of starting. */
  answered = false;
  readonly #child: ChildHost;
  readonly #pixels: PixelSender;
  readonly #log: Logger;
  readonly #pending = new Map<number, PendingCall>();
  readonly #freeSlots: number[];
  readonly #started = Promise.withResolvers<readonly RoleProof[]>();
  #depth = STAGED;
  #lastWords = '';
  #ended: string | null = null;
  /** Its own word for why it goes. */
  #reason: AppError | null = null;
  readonly #idle: (() => void)[] = [];

  constructor({ config, host, environment, startDeadlineMs, most, log }: InferenceLinkOptions) {
    this.#log = log;
    this.#freeSlots = Array.from({ length: STAGED * most }, (_, slot) => slot);
    this.#pixels = host === 'process' ? openPixelSender(this.#freeSlots.length) : messagePixels();
    this.#child = (host === 'process' ? startProcess : startThread)({
      environment,
      descriptors: this.#pixels.descriptors,
      received: (message) => this.#receive(message),
      said: (text) => this.#hear(text),
    });
    const { priorityRefusal } = this.#child;
    if (priorityRefusal) log.warn({ pid: this.pid }, `${this.name} keeps its priority: ${priorityRefusal.message}`);
    this.ready = this.#started.promise;
    const slow = setTimeout(() => {
      const why = `an ${this.#child.name.replace(/ \d+$/, '')} was not ready within ${startDeadlineMs} ms`;
      this.#started.reject(new AppError('INFERENCE_DEADLINE', why));
      this.kill();
    }, startDeadlineMs);
    this.ready.then(
      () => clearTimeout(slow),
      () => clearTimeout(slow),
    );
    this.gone = this.#child.gone.then((how) => this.#end(how));
    this.#child.send({ type: 'start', config });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** For people: `inference process 4711`. */
  get name(): string {
    return this.#child.name;
  }

  /** Pictures that it may hold. */
  get depth(): number {
    return this.#depth;
  }

  /** Pictures in this process, 0 … depth. */
  get load(): number {
    return this.#pending.size;
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
  ask(id: number, image: PixelImage, options: unknown): Promise<unknown> {
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
          this.#child.send({ type: 'work', id, width: image.width, height: image.height, pixels, options });
        })
        // An option that cannot be cloned, say.
        .catch((error: unknown) => this.#settle(id)?.reject(AppError.from(error, 'INFERENCE_FAILED')));
    });
  }

  /** Resolves when it has answered everything that it was given, or is gone. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#pending.size === 0) resolve();
      else this.#idle.push(resolve);
    });
  }

  /** Ends a process at once (it holds nothing that must be saved); asks a thread to go. Idempotent. */
  kill(): void {
    if (this.#ended === null) this.#child.end();
  }

  /** Rejects what is inside; used when its answers will not be waited for. */
  rejectAll(error: AppError): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
  }

  #receive(message: FromChild): void {
    switch (message.type) {
      case 'ready':
        this.#depth = Math.min(STAGED * message.most, this.#freeSlots.length);
        this.#started.resolve(message.proofs);
        break;
      case 'unable':
        this.hopeless = true;
        this.#started.reject(fromWire(message.error));
        break;
      case 'ending':
        this.#reason = fromWire(message.error);
        break;
      case 'done':
        this.answered = true;
        this.#settle(message.id)?.resolve(message.answer);
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
    // After whoever gets the answer.
    if (this.#pending.size === 0) for (const resolve of this.#idle.splice(0)) setImmediate(resolve);
    return call;
  }

  #end(how: string): AppError {
    this.#ended = how;
    this.#pixels.close();
    this.trouble = troubleOf(this.#reason) ?? troubleIn(this.#lastWords);
    if (how === `exit code ${EXIT_WRONG_SETTINGS}`) this.hopeless = true;
    const error = this.#died(how);
    this.#started.reject(error);
    this.rejectAll(error);
    return error;
  }

  #died(how: string): AppError {
    if (this.#reason) return new AppError(this.#reason.code, `${this.name} ended: ${this.#reason.message}`);
    const words = this.#lastWords.trim().split('\n').at(-1)?.trim();
    return new AppError(this.trouble ?? 'INFERENCE_DIED', `${this.name} ended with ${how}${words ? `: ${words}` : ''}`);
  }

  #hear(text: string): void {
    this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    this.#log.warn({ pid: this.pid }, `inference process: ${text.trimEnd().slice(0, LAST_WORDS)}`);
  }
}

function troubleOf(reason: AppError | null): DeviceTrouble | null {
  if (reason?.code === 'INFERENCE_OUT_OF_MEMORY' || reason?.code === 'INFERENCE_DEVICE_FAILED') return reason.code;
  return null;
}
