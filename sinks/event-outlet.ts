import { setImmediate as breathe } from 'node:timers/promises';
import type { Observable, Subscription } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import type { AccessEvent } from '../pipeline/access-event.ts';
import type { Clock, EventSink, Logger } from '../pipeline/ports.ts';
import { type EventFilter, type EventPage, isWanted } from './event-filter.ts';
import { FreshEvents } from './fresh-events.ts';
import { retryPauseMs } from './retry-pause.ts';

/** The part of the event log that an outlet reads, and keeps its place in. */
export interface OutletLog {
  /** @throws {AppError} EVENT_CURSOR_GONE with `details.oldest` when events after `since` are no longer kept. */
  page(o: { since: number; limit: number } & EventFilter): EventPage;
  /** Null for a sink that was never here. */
  cursor(sink: string): number | null;
  /** Durable when it returns. */
  advance(sink: string, sequence: number): void;
  /** Each event after it is durable, in order. */
  readonly events: Observable<AccessEvent>;
  readonly lastSequence: number;
}

export interface EventOutletOptions {
  /** Closed with the outlet. */
  sink: EventSink;
  /** As the settings name the sink's kind. */
  type: string;
  /** What the sink is to get. */
  filter: EventFilter;
  log: OutletLog;
  clock: Clock;
  logger: Logger;
  /** Appends a fault event. */
  fault: (code: ErrorCode) => void;
  /** 0 to 1. Default Math.random. */
  random?: () => number;
}

/** `delivering`: nothing is wrong, also while there is nothing to do. `waiting`: the last attempt failed. */
export type OutletState = 'delivering' | 'waiting' | 'disabled' | 'closed';

/** JSON as it is. Times are ISO 8601, UTC. */
export interface OutletView {
  readonly id: string;
  readonly type: string;
  readonly state: OutletState;
  /** Number of the last event that the sink needs no more. */
  readonly cursor: number;
  /** Numbers between that one and the newest event, also of events that the sink is not to get. */
  readonly behind: number;
  /** Events that it took, and attempts that failed, since the start; a sink's own `stats` may say it better. */
  readonly delivered: unknown;
  readonly failures: unknown;
  /** Of the last failed attempt; null when an attempt has succeeded since. */
  readonly lastError: { readonly code: ErrorCode; readonly message: string; readonly at: string } | null;
  /** When it is tried again; null unless it waits. */
  readonly retryAt: string | null;
  readonly [stat: string]: unknown;
}

/** An attempt that takes longer is given up and made again. */
const ATTEMPT_MS = 60_000;
/** Where a sink has got is written down so long after it got there at the latest. */
const NOTE_AFTER_MS = 250;
/** How long a closing outlet goes on delivering, and how long it then waits for a sink that was told to stop. */
const DRAIN_MS = 2000;
const STOP_MS = 1000;
const LONGEST_RETRY_MS = 86_400_000;
const FAULT_AGAIN_MS = 3_600_000;

/**
 * Feeds one sink from the event log, in order, from a place of its own that outlives a restart: what the sink has not taken
 * waits in the log. A sink that is slow, dead or throws keeps nobody but itself waiting. Each event is handed over until the
 * sink has taken it, so that the sink may see some twice.
 *
 * `replay` of what is handed over is false only when all of this holds: this process appended the event, less than 2 s ago by the
 * monotonic clock; it is handed over for the first time; and a grant's `expiresAt` has not been reached.
 */
export class EventOutlet implements AsyncDisposable {
  readonly #o: EventOutletOptions;
  readonly #stop = new AbortController();
  readonly #fresh: FreshEvents;
  #subscription: Subscription | null = null;
  #running: Promise<void> = Promise.resolve();
  #state: OutletState = 'delivering';
  /** Number of the last event that is done with. */
  #at = 0;
  #noted = 0;
  /** Number of the newest event. */
  #latest = 0;
  #gaveUpToldAtMs = Number.NEGATIVE_INFINITY;
  #noteTimer: NodeJS.Timeout | null = null;
  /** Ends the wait for the next event, or the one before the next attempt. */
  #wake: (() => void) | null = null;
  #wakeAtClose: (() => void) | null = null;
  /** While closing: nothing after this number is delivered. */
  #end = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | null = null;
  #delivered = 0;
  #failures = 0;
  #lastError: OutletView['lastError'] = null;
  #retryAtMs: number | null = null;

  constructor(options: EventOutletOptions) {
    this.#o = options;
    this.#fresh = new FreshEvents(options.clock);
  }

  /** From where the sink had got; a sink that was never here gets what happens from now on. */
  start(): void {
    const { log, sink } = this.#o;
    if (this.#subscription || this.#closing) return;
    const known = log.cursor(sink.id);
    this.#at = known ?? log.lastSequence;
    this.#noted = this.#at;
    if (known === null) log.advance(sink.id, this.#at);
    sink.start?.();
    this.#subscription = log.events.subscribe((event) => this.#hear(event));
    this.#latest = log.lastSequence;
    this.#running = this.#run().catch((error: unknown) => {
      // A defect of ours ends this outlet and nothing else; what was not delivered stays in the log.
      const { code, message } = AppError.from(error);
      this.#o.logger.error({ sink: sink.id, code, err: error }, `sink ${sink.id} is fed no more: ${message}`);
      this.#state = 'disabled';
    });
  }

  view(): OutletView {
    const { sink, type } = this.#o;
    const stats = sink.stats?.();
    return {
      delivered: this.#delivered,
      failures: this.#failures,
      ...stats,
      id: sink.id,
      type,
      // A sink that takes events over knows better than we how it stands with the other side.
      state: stats?.state === 'disabled' || stats?.state === 'waiting' ? stats.state : this.#state,
      cursor: this.#at,
      behind: Math.max(0, this.#latest - this.#at),
      lastError: this.#lastError,
      retryAt: this.#retryAtMs === null ? null : new Date(this.#retryAtMs).toISOString(),
    };
  }

  /** Delivers what there is, for 2 s at most, and closes the sink. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #hear(event: AccessEvent): void {
    this.#latest = event.sequence;
    this.#fresh.add(event);
    // Nothing else is to do, and this is not for the sink: done with, without a look at the log.
    if (this.#wake && event.sequence === this.#at + 1 && !isWanted(event, this.#o.filter)) this.#move(event.sequence);
    else this.#wake?.();
  }

  async #run(): Promise<void> {
    const { log, sink, filter } = this.#o;
    let failures = 0;
    while (this.#state !== 'disabled' && this.#at < this.#end && !this.#stop.signal.aborted) {
      let page: EventPage;
      try {
        page = log.page({ since: this.#at, limit: sink.batch ?? 1, ...filter });
        if (failures > 0) this.#recovered();
        failures = 0;
      } catch (error) {
        const failure = AppError.from(error);
        if (failure.code === 'EVENT_CURSOR_GONE') this.#lose(failure);
        else await this.#wait(failure, ++failures);
        if (this.#closing) return;
        await breathe();
        continue;
      }
      if (page.events.length > 0) {
        if (!(await this.#handOver(page.events))) return;
        continue;
      }
      this.#move(page.next);
      // Nothing can be appended between that look at the log and this line.
      if (!page.more) await this.#nextEvent();
      // Whoever hears of events over a socket gets them before a sink that writes to a disk is busy with them.
      await breathe();
    }
  }

  /**
   * @param first from the second attempt on they are replays.
   * @returns true when they are done with; false when nothing more is to be tried.
   */
  async #handOver(events: readonly AccessEvent[], first = 1): Promise<boolean> {
    const { sink, logger } = this.#o;
    const last = events.at(-1)!.sequence;
    for (let attempt = first; ; attempt += 1) {
      // As they were read from the log, they are replays.
      const offered = attempt > 1 ? events : events.map((event) => this.#fresh.find(event.sequence) ?? event);
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ATTEMPT_MS)]);
      try {
        await sink.deliver(offered, signal);
        if (this.#state === 'waiting') logger.info({ sink: sink.id }, `sink ${sink.id} takes events again`);
        this.#delivered += events.length;
        this.#recovered();
        this.#move(last);
        return true;
      } catch (error) {
        if (this.#stop.signal.aborted) return false;
        const failure = asFailure(error, sink.id);
        if (failure.details?.disable === true) {
          this.#disable(failure);
          return false;
        }
        if (failure.details?.giveUp === true && events.length > 1) {
          // It is not said which: each by itself, so that the others are not given up with it.
          for (const event of events) if (!(await this.#handOver([event], attempt + 1))) return false;
          return true;
        }
        if (failure.details?.giveUp === true) {
          this.#note(failure);
          logger.error({ sink: sink.id, code: failure.code, sequence: last }, `given up: ${failure.message}`);
          this.#state = 'delivering';
          this.#move(last);
          this.#tellThatItGaveUp();
          return true;
        }
        await this.#wait(failure, attempt);
        if (this.#closing) return false;
      }
    }
  }

  async #wait(failure: AppError, attempt: number): Promise<void> {
    const { clock, sink, logger, random = Math.random } = this.#o;
    const asked = failure.details?.retryAfterMs;
    const pauseMs =
      typeof asked === 'number' && asked >= 0 ? Math.min(asked, LONGEST_RETRY_MS) : retryPauseMs(attempt, random());
    if (this.#state !== 'waiting') {
      logger.warn({ sink: sink.id, code: failure.code }, `sink ${sink.id} does not take events: ${failure.message}`);
    }
    this.#note(failure);
    this.#state = 'waiting';
    if (this.#closing) return;
    this.#retryAtMs = clock.wallMs() + pauseMs;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      // A sink that is down is not waited for when facegate stops.
      this.#wakeAtClose = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeAtClose = null;
    this.#retryAtMs = null;
  }

  #nextEvent(): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }

  /** Some events went before the sink got them. */
  #lose(gone: AppError): void {
    const { sink, logger, fault } = this.#o;
    const oldest = Number(gone.details?.oldest ?? this.#at + 1);
    logger.error(
      { sink: sink.id, code: 'EVENTS_LOST', after: this.#at, oldest },
      `sink ${sink.id} was down for too long: events after ${this.#at} are no longer kept; it goes on from ${oldest}`,
    );
    this.#move(oldest - 1);
    fault('EVENTS_LOST');
  }

  /** Now and then: the fault is an event too, which the same sink may have to give up. */
  #tellThatItGaveUp(): void {
    const nowMs = this.#o.clock.monotonicMs();
    if (nowMs - this.#gaveUpToldAtMs < FAULT_AGAIN_MS) return;
    this.#gaveUpToldAtMs = nowMs;
    this.#o.fault('SINK_GAVE_UP');
  }

  #disable(failure: AppError): void {
    const { sink, logger, fault } = this.#o;
    this.#note(failure);
    this.#state = 'disabled';
    logger.error({ sink: sink.id, code: failure.code }, `sink ${sink.id} is disabled: ${failure.message}`);
    fault('SINK_DISABLED');
  }

  #note({ code, message }: AppError): void {
    this.#failures += 1;
    this.#lastError = { code, message, at: new Date(this.#o.clock.wallMs()).toISOString() };
  }

  #recovered(): void {
    this.#state = 'delivering';
    this.#lastError = null;
  }

  #move(sequence: number): void {
    this.#at = sequence;
    this.#noteTimer ??= setTimeout(() => this.#writeDown(), NOTE_AFTER_MS);
  }

  #writeDown(): void {
    const { log, sink, logger } = this.#o;
    clearTimeout(this.#noteTimer ?? undefined);
    this.#noteTimer = null;
    if (this.#at === this.#noted) return;
    try {
      log.advance(sink.id, this.#at);
      this.#noted = this.#at;
    } catch (error) {
      const { code, message } = AppError.from(error);
      logger.error({ sink: sink.id, code }, `where sink ${sink.id} has got could not be written down: ${message}`);
      if (!this.#closing) this.#noteTimer = setTimeout(() => this.#writeDown(), ATTEMPT_MS / 10);
    }
  }

  async #close(): Promise<void> {
    const { log, sink } = this.#o;
    try {
      this.#end = log.lastSequence;
    } catch {
      this.#end = this.#at;
    }
    this.#subscription?.unsubscribe();
    this.#wake?.();
    this.#wakeAtClose?.();
    if (!(await settledWithin(this.#running, DRAIN_MS))) {
      this.#stop.abort(new AppError('SHUTTING_DOWN', 'facegate is stopping'));
      await settledWithin(this.#running, STOP_MS);
    }
    this.#stop.abort(new AppError('SHUTTING_DOWN', 'facegate is stopping'));
    this.#writeDown();
    this.#state = 'closed';
    await sink[Symbol.asyncDispose]();
  }
}

/** A sink that throws anything else has a defect; its events wait like those of a sink that is down. */
function asFailure(error: unknown, id: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new AppError('SINK_FAILED', `sink ${id} has not answered for ${ATTEMPT_MS / 1000} s`, { cause: error });
  }
  const said = error instanceof Error ? error.message : String(error);
  return new AppError('SINK_FAILED', `sink ${id} failed: ${said}`, { cause: error });
}

async function settledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}
