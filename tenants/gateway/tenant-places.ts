import { AppError } from '../../config/app-error.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { TenantLimits } from '../tenant-contract.ts';
import { TokenBucket } from './token-bucket.ts';

/** Of a tenant that has no limit of its own. */
const MOST_REQUESTS = 1000;
/** WebSockets, and answers that never end (events, pictures one after the other). A thousand viewers fit in. */
const MOST_STREAMS = 2000;

/** Somebody has to wait; `retryAfterSeconds` at least 1. */
export class Refusal {
  readonly error: AppError;
  readonly reason: 'rate' | 'busy' | 'streams';
  readonly retryAfterSeconds: number;

  constructor(reason: Refusal['reason'], error: AppError, retryAfterSeconds: number) {
    this.reason = reason;
    this.error = error;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** One request's place, given back once. */
export interface Place {
  /** The answer turned out to be one without an end: it no longer keeps others from being answered. */
  becomeStream(): Refusal | null;
  /** Idempotent. */
  release(): void;
}

/** How many of a tenant's requests are let through. Limits are asked for each time: they may change while it runs. */
export class TenantPlaces {
  readonly #limits: () => Pick<TenantLimits, 'requestsPerSecond' | 'concurrentRequests'>;
  readonly #clock: Clock;
  readonly #mostStreams: number;
  #bucket: TokenBucket | null = null;
  #requests = 0;
  #streams = 0;

  constructor(
    limits: () => Pick<TenantLimits, 'requestsPerSecond' | 'concurrentRequests'>,
    clock: Clock,
    mostStreams = MOST_STREAMS,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#mostStreams = mostStreams;
  }

  get requests(): number {
    return this.#requests;
  }

  get streams(): number {
    return this.#streams;
  }

  /** @param kind `stream`: somebody wants a WebSocket. */
  take(kind: 'request' | 'stream'): Place | Refusal {
    const refusal = (kind === 'request' ? this.#noRoom() : this.#noStream()) ?? this.#tooOften();
    if (refusal) return refusal;
    let counted: typeof kind | null = kind;
    this.#count(kind, 1);
    return {
      becomeStream: () => {
        if (counted !== 'request') return null;
        const full = this.#noStream();
        if (full) return full;
        this.#count('request', -1);
        this.#count('stream', 1);
        counted = 'stream';
        return null;
      },
      release: () => {
        if (counted) this.#count(counted, -1);
        counted = null;
      },
    };
  }

  #count(kind: 'request' | 'stream', by: number): void {
    if (kind === 'request') this.#requests += by;
    else this.#streams += by;
  }

  #noRoom(): Refusal | null {
    const most = this.#limits().concurrentRequests ?? MOST_REQUESTS;
    if (this.#requests < most) return null;
    return new Refusal(
      'busy',
      new AppError('TENANT_BUSY', `${most} requests are being answered, and no more may be`),
      1,
    );
  }

  #noStream(): Refusal | null {
    const most = this.#mostStreams;
    if (this.#streams < most) return null;
    return new Refusal(
      'streams',
      new AppError('TENANT_BUSY', `${most} streams and WebSockets are open, and no more may be`),
      1,
    );
  }

  #tooOften(): Refusal | null {
    const { requestsPerSecond } = this.#limits();
    if (requestsPerSecond === null) {
      this.#bucket = null;
      return null;
    }
    const nowMs = this.#clock.monotonicMs();
    this.#bucket ??= new TokenBucket(requestsPerSecond, nowMs);
    const waitMs = this.#bucket.take(requestsPerSecond, nowMs);
    if (waitMs === 0) return null;
    const error = new AppError('RATE_LIMITED', `more than ${requestsPerSecond} requests a second; try again`);
    return new Refusal('rate', error, Math.ceil(waitMs / 1000));
  }
}
