import {
  asyncScheduler,
  defer,
  EMPTY,
  endWith,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  of,
  repeat,
  retry,
  type SchedulerLike,
  Subject,
  startWith,
  switchMap,
  takeUntil,
  takeWhile,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { AppError, SourceError } from '../config/app-error.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import { redact } from '../config/redact.ts';
import type { CameraStatus, StreamInUse } from '../pipeline/camera-status.ts';
import type { Frame } from '../pipeline/frame.ts';
import type { Clock, FrameSource, Logger } from '../pipeline/ports.ts';
import { BackOff } from './back-off.ts';
import { BehindWatch } from './health/behind-watch.ts';
import { stallWatch } from './health/stall-watch.ts';

/** What a link makes use of where its source has it. */
export interface LinkedSource extends FrameSource {
  /** Resolves when nothing of the source is alive any more. */
  gone?(): Promise<void>;
  /** Least time between two frames, milliseconds. */
  readonly frameIntervalMs?: number;
  /**
   * Emits true when the source sees that the picture repeats (within 3 s), false when it sees it move again. It holds
   * across connections until then: a new connection to a frozen camera is frozen from its first frame. While it holds,
   * every frame is `degraded`.
   */
  readonly frozenChanges?: Observable<boolean>;
  /** Which address it is connected to, or tried last; null where there is only one. */
  readonly streamInUse?: StreamInUse | null;
}

export interface CameraLinkOptions {
  clock: Clock;
  log: Logger;
  /** 0 ≤ x < 1, for the jitter. Default `Math.random`. */
  random?: () => number;
  /** Connect again after a clean end. Default: what is live does, a file does not. */
  repeats?: boolean;
  /** For tests: virtual time. */
  scheduler?: SchedulerLike;
}

/** Frames for so long make the failures before them forgotten, milliseconds. */
const SETTLED_MS = 30_000;
const STALLED_AFTER_MS = 5000;
const RESTART_AFTER_MS = 10_000;
/** A frozen picture is given so long to move again before a new connection is tried; twice as long each time, up to … */
const FROZEN_RESTART_MS = 60_000;
const SLOWEST_FROZEN_RESTART_MS = 16 * FROZEN_RESTART_MS;

/** Trying again changes nothing: somebody has to change something. */
const USELESS: ReadonlySet<ErrorCode> = new Set(['FFMPEG_TOO_OLD', 'SOURCE_URL_INVALID']);
/**
 * Trying again soon only makes it worse (a wrong password locks accounts), or changes nothing: ffmpeg, which was there when facegate
 * started, is being replaced by the system.
 */
const SLOW: ReadonlySet<ErrorCode> = new Set(['STREAM_AUTH_FAILED', 'FFMPEG_NOT_FOUND']);

/** No failure of the camera's: it answers, and is asked again at once. */
const AT_ONCE: ReadonlySet<ErrorCode> = new Set(['STREAM_BEHIND']);

const ENDED = Symbol('ended');

type Change = Pick<CameraStatus, 'state'> & Partial<Pick<CameraStatus, 'code' | 'message' | 'retryAtMs'>>;

const FROZEN: Change = { state: 'frozen', code: 'STREAM_FROZEN', message: 'the camera repeats one picture' };

/**
 * Keeps one camera connected: tries again, with growing pauses, when it fails, ends, or sends nothing any more, also
 * when the very first attempt fails.
 *
 * A live source goes `idle → connecting → running → (stalled, frozen) → reconnecting → running …` until `close()`; while it
 * reconnects it stays `reconnecting`, through all attempts. Nobody decides on pictures while it is stalled (none come) or frozen
 * (the source marks them degraded). A file that does not repeat becomes `closed` with code
 * STREAM_ENDED, one that cannot be read `failed`.
 */
export class CameraLink {
  readonly #source: LinkedSource;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #repeats: boolean;
  readonly #scheduler: SchedulerLike;
  readonly #backOff: BackOff;
  readonly #behindWatch: BehindWatch;
  readonly #changes = new Subject<CameraStatus>();
  readonly #closing = new Subject<void>();
  #status: CameraStatus;
  #watched = false;
  /** Whether this connection has brought any. */
  #pictures = false;
  /** Since when this connection brings pictures that move. */
  #firstFrameMs: number | null = null;
  #frozen = false;
  /** Connections given up since it last moved because the picture was frozen. */
  #frozenRestarts = 0;
  #open = true;
  #closed: Promise<void> | null = null;

  constructor(source: LinkedSource, options: CameraLinkOptions) {
    this.#source = source;
    this.#clock = options.clock;
    this.#log = options.log.child({ camera: source.id });
    this.#repeats = options.repeats ?? source.pace === 'live';
    this.#scheduler = options.scheduler ?? asyncScheduler;
    const jitter = options.random ? { random: options.random } : {};
    this.#backOff = new BackOff(jitter);
    this.#behindWatch = new BehindWatch(jitter);
    this.#status = {
      cameraId: source.id,
      state: 'idle',
      code: null,
      message: null,
      sinceMs: this.#clock.wallMs(),
      streamInUse: null,
      connections: 0,
      retryAtMs: null,
    };
  }

  get id(): string {
    return this.#source.id;
  }

  get status(): CameraStatus {
    return { ...this.#status, streamInUse: this.#source.streamInUse ?? null };
  }

  /** A new state, or another reason for it. A further attempt with the same outcome is none. Completes with `close()`. */
  get changes(): Observable<CameraStatus> {
    return this.#changes.asObservable();
  }

  /**
   * Subscribing connects, unsubscribing disconnects; one subscriber at a time, who releases every frame. Never errors:
   * it completes after `close()`, and where the state becomes `closed` or `failed` by itself.
   */
  frames(): Observable<Frame> {
    return defer(() => {
      if (!this.#open) return EMPTY;
      if (this.#watched) {
        return throwError(() => new AppError('INTERNAL', `camera ${this.id} is connected already`));
      }
      this.#watched = true;
      return this.#connected().pipe(
        takeUntil(this.#closing),
        tap({
          finalize: () => {
            this.#watched = false;
            // Unsubscribed while it ran; every other way out has set its state by now.
            if (this.#open && !this.#isOver()) this.#become({ state: 'idle' });
          },
        }),
      );
    });
  }

  /** Disconnects for good. Idempotent; resolves when ffmpeg is gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#open = false;
    this.#closing.next();
    this.#closing.complete();
    await this.#source.gone?.();
    // What ended by itself keeps its reason.
    if (this.#status.state !== 'closed') this.#become({ state: 'closed' });
    this.#changes.complete();
  }

  #isOver(): boolean {
    return this.#status.state === 'closed' || this.#status.state === 'failed';
  }

  #connected(): Observable<Frame> {
    return defer(() => this.#attempt()).pipe(
      repeat({ delay: () => this.#afterEnd() }),
      retry({ delay: (error: unknown) => this.#afterFailure(error) }),
    );
  }

  #attempt(): Observable<Frame> {
    this.#firstFrameMs = null;
    this.#pictures = false;
    const connections = this.#status.connections + 1;
    // While reconnecting, an attempt is no news: only that no pause is running.
    const { state, code, message } = this.#status;
    if (state === 'reconnecting') this.#become({ state, code, message }, connections);
    else this.#become({ state: 'connecting' }, connections);
    if (this.#source.pace === 'file') return this.#source.frames().pipe(tap(() => this.#arrived()));
    this.#behindWatch.reconnected();
    const frames = this.#source.frames().pipe(
      tap((frame) => {
        this.#arrived();
        this.#refuseToFallBehind(frame);
      }),
    );
    return merge(frames.pipe(this.#stallWatch(), endWith(ENDED)), this.#frozenWatch()).pipe(
      takeWhile((value) => value !== ENDED),
    );
  }

  /** Emits nothing; errors when a new connection is worth trying. */
  #frozenWatch(): Observable<never> {
    const changes = this.#source.frozenChanges ?? NEVER;
    return changes.pipe(
      startWith(this.#frozen),
      tap((frozen) => this.#froze(frozen)),
      switchMap((frozen) => {
        if (!frozen) return NEVER;
        const afterMs = Math.min(FROZEN_RESTART_MS * 2 ** this.#frozenRestarts, SLOWEST_FROZEN_RESTART_MS);
        return timer(afterMs, this.#scheduler).pipe(
          mergeMap(() => {
            this.#frozenRestarts += 1;
            return throwError(() => new SourceError('STREAM_FROZEN', `the same picture for ${seconds(afterMs)}`));
          }),
        );
      }),
    );
  }

  #froze(frozen: boolean): void {
    this.#frozen = frozen;
    // A picture that stands still proves no connection good.
    this.#firstFrameMs = null;
    if (!frozen) this.#frozenRestarts = 0;
    const { state } = this.#status;
    if (frozen && (state === 'running' || state === 'stalled')) this.#become(FROZEN);
    else if (!frozen && state === 'frozen') this.#become({ state: 'running' });
  }

  #stallWatch() {
    // A camera asked for a picture every ten seconds is silent for ten seconds.
    const stalledAfterMs = Math.max(STALLED_AFTER_MS, 2.5 * (this.#source.frameIntervalMs ?? 0));
    const restartAfterMs = Math.max(RESTART_AFTER_MS, 2 * stalledAfterMs);
    return stallWatch<Frame>({
      stalledAfterMs,
      restartAfterMs,
      scheduler: this.#scheduler,
      onStalled: () =>
        this.#become({
          state: 'stalled',
          code: 'STREAM_STALLED',
          message: `no new picture for ${seconds(stalledAfterMs)}`,
        }),
      error: () => new SourceError('STREAM_STALLED', `no new picture for ${seconds(restartAfterMs)}`),
    });
  }

  #arrived(): void {
    this.#pictures = true;
    const { state } = this.#status;
    if (this.#frozen) {
      if (state !== 'frozen') this.#become(FROZEN);
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (this.#firstFrameMs === null) this.#firstFrameMs = nowMs;
    else if (nowMs - this.#firstFrameMs >= SETTLED_MS) this.#backOff.reset();
    if (state !== 'running') this.#become({ state: 'running' });
  }

  /** @throws {SourceError} STREAM_BEHIND, the frame released: what comes after it would be as old. */
  #refuseToFallBehind(frame: Frame): void {
    // A frozen camera has a rule of its own.
    if (this.#frozen) return;
    const behindMs = this.#behindWatch.note(frame);
    if (behindMs === null) return;
    frame.release();
    throw new SourceError('STREAM_BEHIND', `the pictures come ${seconds(behindMs)} late`);
  }

  /** The notifier of `repeat`: it emits to go on, completes to leave it at that. */
  #afterEnd(): Observable<unknown> {
    if (this.#repeats) {
      // Ending again and again without a picture is a failure, whatever the camera calls it.
      const pauseMs = this.#pictures ? this.#backOff.afterEnd() : this.#backOff.next();
      return this.#pause(pauseMs, 'STREAM_ENDED', 'the stream ended');
    }
    this.#become({ state: 'closed', code: 'STREAM_ENDED', message: 'the file was played to its end' });
    return EMPTY;
  }

  /** The notifier of `retry`. */
  #afterFailure(error: unknown): Observable<unknown> {
    const { code, message } = AppError.from(error);
    const line = redact(message.split('\n')[0]!);
    if (this.#source.pace === 'file' || USELESS.has(code)) {
      this.#become({ state: 'failed', code, message: line });
      return EMPTY;
    }
    return this.#pause(this.#pauseAfter(code), code, line);
  }

  #pauseAfter(code: ErrorCode): number {
    if (AT_ONCE.has(code)) return 0;
    return SLOW.has(code) ? this.#backOff.slowest() : this.#backOff.next();
  }

  #pause(ms: number, code: ErrorCode, message: string): Observable<unknown> {
    this.#become({ state: 'reconnecting', code, message, retryAtMs: this.#clock.wallMs() + ms });
    // Many cameras serve few clients: the next one comes when the last one has gone.
    return timer(ms, this.#scheduler).pipe(switchMap(() => this.#source.gone?.() ?? of(undefined)));
  }

  /** The one place where the state changes. */
  #become(change: Change, connections = this.#status.connections): void {
    const before = this.#status;
    const code = change.code ?? null;
    const message = change.message ?? null;
    const isNew = change.state !== before.state || code !== before.code;
    this.#status = {
      cameraId: this.id,
      state: change.state,
      code,
      message,
      sinceMs: isNew ? this.#clock.wallMs() : before.sinceMs,
      streamInUse: this.#source.streamInUse ?? null,
      connections,
      retryAtMs: change.retryAtMs ?? null,
    };
    if (!isNew) return;
    const fields = { state: change.state, code, connections };
    if (code !== null && change.state !== 'closed') this.#log.warn(fields, `camera ${change.state}: ${message}`);
    else this.#log.info(fields, `camera ${change.state}`);
    this.#changes.next(this.#status);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
