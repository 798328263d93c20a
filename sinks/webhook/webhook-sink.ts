import { AppError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { Clock, EventSink, Logger } from '../../pipeline/ports.ts';
import { answerWords } from './answer-words.ts';
import type { EndpointState, Letter, Outbox, Outcome } from './outbox.ts';
import { LONGEST_PAUSE_MS, pauseAfter } from './retry-schedule.ts';
import { MOST_BODY_BYTES, messageOf } from './sign-message.ts';
import type { WebhookAnswer, WebhookEndpoint } from './webhook-endpoint.ts';

export interface WebhookSinkOptions {
  id: string;
  /** Closed with the sink. */
  endpoint: WebhookEndpoint;
  /** Of the settings that count: with other ones a disabled endpoint is enabled again. */
  fingerprint: string;
  outbox: Outbox;
  clock: Clock;
  log: Logger;
  /** Appends a fault event: when the endpoint was disabled, and at most once an hour that events were given up. */
  fault: (code: ErrorCode) => void;
  /** Calls back once, after so many milliseconds; returns how to call that off. Default: setTimeout. */
  timer?: (ms: number, work: () => void) => () => void;
  /** 0 to 1. Default: Math.random. */
  random?: () => number;
}

export interface WebhookStats extends Readonly<Record<string, number | string | null>> {
  /** `waiting`: the last attempt failed. */
  readonly state: 'delivering' | 'waiting' | 'disabled';
  /** ISO 8601; null while it is sent to. */
  readonly disabledAt: string | null;
  readonly disabledReason: string | null;
  /** Taken over, and neither delivered nor given up. */
  readonly waiting: number;
  readonly dead: number;
  /** Since the start. */
  readonly delivered: number;
  readonly failures: number;
  /** What the last attempt that failed met; null where none did since the last that went through. */
  readonly lastFailure: string | null;
}

/** So many events wait here at most; the others wait in the event log. */
const MOST_WAITING = 100_000;
/** New events go one after the other while the receiver answers within this time, beside one another when it does not. */
const PROMPT_MS = 1000;
const MOST_NEW_AT_ONCE = 4;
const MOST_AGAIN_AT_ONCE = 2;
/** What was delivered is struck out of the outbox after this long at the latest, many at once. */
const SETTLE_WITHIN_MS = 100;
/** Nothing more is sent while so many outcomes could not be written down. */
const MOST_UNSETTLED = 1000;
const AGAIN_AFTER_STORE_ERROR_MS = 1000;
/** What cannot be taken over now is offered again after this long: whoever enables an endpoint wants to see it work. */
const ASK_AGAIN_MS = 1000;
/** How long messages under way may take to be answered when facegate stops. */
const CLOSE_WAIT_MS = 2000;
const FAULT_AGAIN_MS = 3_600_000;
/** What is sent later than this is a replay, also when it is no grant (docs/protocol.md). */
const LIVE_MS = 2000;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Posts events to an address, signed as Standard Webhooks 1.0.0 has it.
 *
 * `deliver` takes events over: when it resolves they lie in the outbox on disk, and each one is tried on a schedule of its
 * own, so that one that fails holds up no other. New events are sent in their order while the receiver is prompt; what is
 * tried again is sent beside them. After the tenth attempt an event is a dead letter. An answer of 410 disables the endpoint:
 * nothing is sent, and what is new waits in the event log.
 *
 * Only what this very process took over and never sent goes out as live, within two seconds of the decision and before a
 * grant's `expiresAt`; everything else says `replay: true`.
 */
export class WebhookSink implements EventSink {
  readonly id: string;
  /** They are written to the outbox together. */
  readonly batch = 100;
  readonly #o: WebhookSinkOptions;
  readonly #timer: NonNullable<WebhookSinkOptions['timer']>;
  readonly #random: () => number;
  readonly #ending = new AbortController();
  readonly #watched: { unsubscribe(): void };
  /** Until which monotonic moment a message that was never sent counts as live; by letter. */
  readonly #liveUntil = new Map<number, number>();
  /** Messages under way, and when each was begun (monotonic). */
  readonly #newOnes = new Map<number, number>();
  readonly #againOnes = new Set<number>();
  /** What they came to and is not written down yet. */
  #outcomes: Outcome[] = [];
  /** The last letter that was sent for the first time. */
  #lastNew = 0;
  /** Monotonic; the receiver asked for a pause. */
  #pausedUntil = 0;
  #state: EndpointState;
  #wake: (() => void) | null = null;
  #settling: (() => void) | null = null;
  #faultToldAt = -NEVER;
  #storeFails = false;
  #delivered = 0;
  #failures = 0;
  #lastFailure: string | null = null;
  /** Messages under way have come to an end; `close` waits for that. */
  #allDone: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  /** @throws {AppError} SINK_STORE_UNAVAILABLE */
  constructor(options: WebhookSinkOptions) {
    this.id = options.id;
    this.#o = options;
    this.#timer = options.timer ?? afterTimeout;
    this.#random = options.random ?? Math.random;
    this.#state = options.outbox.open(options.id, options.fingerprint);
    this.#watched = options.outbox.changes.subscribe(() => this.#changed());
    this.#look();
  }

  /**
   * Takes events over.
   *
   * @throws {AppError} SINK_DISABLED, and SINK_FAILED while 100,000 events wait here, both to be asked again after a second;
   *   SINK_STORE_UNAVAILABLE; SHUTTING_DOWN.
   */
  async deliver(events: readonly AccessEvent[], signal: AbortSignal): Promise<void> {
    const { outbox, clock } = this.#o;
    if (signal.aborted || this.#closing) throw new AppError('SHUTTING_DOWN', `the webhook "${this.id}" is stopping`);
    const again = { details: { retryAfterMs: ASK_AGAIN_MS } };
    if (this.isDisabled) {
      throw new AppError('SINK_DISABLED', `the webhook "${this.id}" is disabled: ${this.#state.reason}`, again);
    }
    if (outbox.counts(this.id).waiting >= MOST_WAITING) {
      throw new AppError('SINK_FAILED', `${MOST_WAITING} events wait for the webhook "${this.id}" already`, again);
    }
    for (const { number, event } of outbox.take(this.id, events)) {
      if (!event.replay) this.#liveUntil.set(number, clock.monotonicMs() + lifeOf(event, clock.wallMs()));
    }
    this.#look();
  }

  get isDisabled(): boolean {
    return this.#state.disabledAtMs !== null;
  }

  /** Sends to it again. Returns whether it was disabled. */
  enable(): boolean {
    const was = this.#o.outbox.enable(this.id);
    this.#changed();
    return was;
  }

  /** Tries dead letters again, with the whole schedule. Returns how many. */
  resend(ids: readonly string[] | 'all'): number {
    const { outbox, clock } = this.#o;
    const count = outbox.resend(this.id, ids, clock.wallMs());
    this.#look();
    return count;
  }

  stats(): WebhookStats {
    const { disabledAtMs, reason } = this.#state;
    const counts = this.#attempt(() => this.#o.outbox.counts(this.id)) ?? { waiting: 0, dead: 0 };
    const state = this.#lastFailure === null ? 'delivering' : 'waiting';
    return {
      state: this.isDisabled ? 'disabled' : state,
      disabledAt: disabledAtMs === null ? null : new Date(disabledAtMs).toISOString(),
      disabledReason: reason,
      ...counts,
      delivered: this.#delivered,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
    };
  }

  /** Idempotent. Messages under way have two seconds to be answered; what was not is sent again at the next start. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Begins what may be begun, and comes back when there may be more. */
  #look(): void {
    if (this.#closing || this.isDisabled) return;
    this.#wake?.();
    this.#wake = null;
    const { clock, outbox } = this.#o;
    const waitMs = this.#attempt(() => {
      if (this.#outcomes.length >= MOST_UNSETTLED) return NEVER;
      const pausedMs = this.#pausedUntil - clock.monotonicMs();
      if (pausedMs > 0) return pausedMs;
      const laneMs = this.#beginNew();
      const nowMs = clock.wallMs();
      this.#beginAgain(nowMs);
      const dueAtMs = outbox.nextDueAtMs(this.id, nowMs);
      return Math.min(laneMs, dueAtMs === null ? NEVER : dueAtMs - nowMs);
    });
    const ms = waitMs ?? AGAIN_AFTER_STORE_ERROR_MS;
    if (ms !== NEVER) this.#wake = this.#timer(Math.max(ms, 1), () => this.#look());
  }

  /** Returns milliseconds until one more may be begun; infinite where none waits, or only an answer makes room. */
  #beginNew(): number {
    for (let laneMs = this.#untilNextLane(); ; laneMs = this.#untilNextLane()) {
      if (laneMs > 0) return laneMs;
      const letter = this.#o.outbox.nextNew(this.id, this.#lastNew);
      if (!letter) return NEVER;
      this.#lastNew = letter.number;
      this.#newOnes.set(letter.number, this.#o.clock.monotonicMs());
      void this.#send(letter).finally(() => this.#done(letter.number));
    }
  }

  #beginAgain(nowMs: number): void {
    if (this.#againOnes.size >= MOST_AGAIN_AT_ONCE) return;
    // What came to an end and is not written down yet still looks due.
    const skip = new Set([...this.#againOnes, ...this.#outcomes.map(({ number }) => number)]);
    const limit = MOST_AGAIN_AT_ONCE + skip.size;
    for (const letter of this.#o.outbox.due(this.id, { nowMs, latestMs: nowMs + LONGEST_PAUSE_MS, limit })) {
      if (this.#againOnes.size >= MOST_AGAIN_AT_ONCE) return;
      if (skip.has(letter.number)) continue;
      this.#againOnes.add(letter.number);
      void this.#send(letter).finally(() => this.#done(letter.number));
    }
  }

  /** Milliseconds until one more new message may be under way; infinite where only an answer can make room. */
  #untilNextLane(): number {
    if (this.#newOnes.size === 0) return 0;
    if (this.#newOnes.size >= MOST_NEW_AT_ONCE) return NEVER;
    const newest = Math.max(...this.#newOnes.values());
    return newest + PROMPT_MS - this.#o.clock.monotonicMs();
  }

  #done(number: number): void {
    this.#newOnes.delete(number);
    this.#againOnes.delete(number);
    if (!this.#closing) this.#look();
    else if (this.#isIdle) this.#allDone?.();
  }

  async #send({ number, event, attempts }: Letter): Promise<void> {
    const { endpoint, clock } = this.#o;
    const message = messageOf(event, !this.#isLive(number, event));
    this.#liveUntil.delete(number);
    const bytes = Buffer.byteLength(message.body);
    if (bytes >= MOST_BODY_BYTES) {
      // It will never be smaller.
      this.#bury(number, event, `the message has ${bytes} bytes; webhooks have less than ${MOST_BODY_BYTES}`);
      return;
    }
    let answer: WebhookAnswer;
    try {
      answer = await endpoint.post(message, this.#ending.signal);
    } catch (error) {
      // Called off by us: that was no attempt.
      if (!this.#ending.signal.aborted) this.#failed(number, event, attempts + 1, AppError.from(error).message, 0);
      return;
    }
    const { status } = answer;
    if (status >= 200 && status < 300) {
      this.#delivered += 1;
      if (this.#lastFailure !== null) this.#o.log.info({}, `the webhook "${this.id}" takes events again`);
      this.#lastFailure = null;
      this.#settle({ number, kind: 'delivered' });
      return;
    }
    const said = `${endpoint.origin} ${answerWords(status)}`;
    const pauseMs = (status === 429 || status === 503 ? answer.retryAfterMs : null) ?? 0;
    // What one is asked is asked of all.
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.monotonicMs() + pauseMs);
    if (status === 410) this.#disable(said);
    this.#failed(number, event, attempts + 1, said, pauseMs);
  }

  /** Fails closed: a clock that was set back makes no grant young again, and what another process took over is old. */
  #isLive(number: number, { expiresAt }: AccessEvent): boolean {
    const { clock } = this.#o;
    if (clock.monotonicMs() >= (this.#liveUntil.get(number) ?? -NEVER)) return false;
    return expiresAt === null || clock.wallMs() < Date.parse(expiresAt);
  }

  #failed(number: number, event: AccessEvent, attempts: number, error: string, leastMs: number): void {
    const { clock, log } = this.#o;
    // Of an address that is down for days one line is enough; `stats` has the rest.
    const level = this.#lastFailure === null ? 'warn' : 'debug';
    log[level]({ event: event.id, attempts }, `the webhook "${this.id}" was not delivered: ${error}`);
    this.#failures += 1;
    this.#lastFailure = error;
    const pauseMs = pauseAfter(attempts, this.#random());
    if (pauseMs === null) this.#bury(number, event, `given up after ${attempts} attempts: ${error}`);
    else this.#settle({ number, kind: 'later', dueAtMs: clock.wallMs() + Math.max(pauseMs, leastMs), error });
  }

  #bury(number: number, event: AccessEvent, error: string): void {
    const { clock, log, fault } = this.#o;
    this.#settle({ number, kind: 'dead', deadAtMs: clock.wallMs(), error });
    // A fault is an event as well, which would be given up in its turn, and so on.
    if (clock.monotonicMs() - this.#faultToldAt < FAULT_AGAIN_MS) return;
    this.#faultToldAt = clock.monotonicMs();
    const how = `"facegate sinks dead ${this.id}" lists what it gave up, "facegate sinks resend ${this.id}" sends it again`;
    log.error({ event: event.id }, `the webhook "${this.id}" gave an event up: ${error}; ${how}`);
    fault('SINK_GAVE_UP');
  }

  #disable(said: string): void {
    if (this.isDisabled) return;
    const { outbox, clock, log, fault } = this.#o;
    const reason = `${said}: it wants no more`;
    this.#state = { disabledAtMs: clock.wallMs(), reason };
    const how = `"facegate sinks enable ${this.id}", or other settings, enable it again`;
    log.error({}, `the webhook "${this.id}" is disabled: ${reason}; ${how}`);
    this.#attempt(() => outbox.disable(this.id, reason, clock.wallMs()));
    fault('SINK_DISABLED');
  }

  #settle(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    this.#settling ??= this.#timer(SETTLE_WITHIN_MS, () => this.#writeDown());
  }

  #writeDown(): void {
    this.#settling?.();
    this.#settling = null;
    if (this.#outcomes.length === 0) return;
    const outcomes = this.#outcomes;
    const written = this.#attempt(() => {
      this.#o.outbox.settle(outcomes);
      return true;
    });
    if (written) {
      this.#outcomes = [];
      this.#look();
    } else if (!this.#closing) this.#settling = this.#timer(AGAIN_AFTER_STORE_ERROR_MS, () => this.#writeDown());
  }

  /** Somebody else may have enabled the endpoint, or asked for dead letters to be sent again. */
  #changed(): void {
    const state = this.#attempt(() => this.#o.outbox.endpoint(this.id));
    if (state) this.#state = state;
    this.#look();
  }

  /** Null when the outbox failed: that is logged and tried again later, and takes nothing else down. */
  #attempt<T>(work: () => T): T | null {
    try {
      const result = work();
      this.#storeFails = false;
      return result;
    } catch (error) {
      const { code, message } = AppError.from(error);
      this.#o.log[this.#storeFails ? 'debug' : 'error']({ code }, `the webhook "${this.id}": ${message}`);
      this.#storeFails = true;
      return null;
    }
  }

  get #isIdle(): boolean {
    return this.#newOnes.size + this.#againOnes.size === 0;
  }

  async #close(): Promise<void> {
    this.#watched.unsubscribe();
    this.#wake?.();
    if (!this.#isIdle) {
      const idle = new Promise<void>((resolve) => {
        this.#allDone = resolve;
      });
      const late = setTimeout(() => this.#ending.abort(), CLOSE_WAIT_MS);
      await idle;
      clearTimeout(late);
    }
    this.#writeDown();
    this.#o.endpoint.close();
  }
}

/** Milliseconds from now for which an event is told as it happens: two seconds from the decision, and a grant until it expires. */
function lifeOf({ decidedAt, expiresAt }: AccessEvent, nowMs: number): number {
  const restMs = Math.min(LIVE_MS, LIVE_MS - (nowMs - Date.parse(decidedAt)));
  return expiresAt === null ? restMs : Math.min(restMs, Date.parse(expiresAt) - nowMs);
}

function afterTimeout(ms: number, work: () => void): () => void {
  // Node's longest timeout is 24.8 days; ours are 29 hours at most.
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
