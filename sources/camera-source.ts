import { catchError, defer, Observable, type Subscription, switchMap, tap, throwError } from 'rxjs';
import { AppError, SourceError } from '../config/app-error.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import { redact } from '../config/redact.ts';
import type { StreamInUse } from '../pipeline/camera-status.ts';
import type { Frame } from '../pipeline/frame.ts';
import type { LinkedSource } from './camera-link.ts';
import { type OpenAddress, openAddress } from './connect/open-address.ts';
import { refuseFfmpeg } from './ffmpeg/ffmpeg-refusal.ts';
import { AnotherDecoder, FfmpegSource, type FfmpegSourceOptions } from './ffmpeg-source.ts';
import { firstPictureWatch } from './health/first-picture-watch.ts';
import { credentialsOf, type SourceAddress } from './source-address.ts';

export interface CameraSourceOptions extends FfmpegSourceOptions {
  /** Asked at every attempt, since a password may change: all addresses, in the order in which they are tried. */
  addresses: () => readonly SourceAddress[];
}

/** A camera may send a key frame every 10 s only; but then something else comes, and ffmpeg says what the stream is. */
const FIRST_PICTURE_MS = 20_000;
const FIRST_WORD_MS = 10_000;

/** About this program or its settings, not about one of the addresses. */
const GENERAL: ReadonlySet<ErrorCode> = new Set(['FFMPEG_NOT_FOUND', 'FFMPEG_TOO_OLD', 'SOURCE_URL_INVALID']);

/** ffmpeg soon got no further with a camera that answered this program a moment before: it is to try without it. */
class DetourRefused extends Error {}

/**
 * A camera with all its addresses. An attempt goes through them in turn, from the first, until one gives a picture; it fails when all
 * have failed, and ends when the one that gave pictures does.
 */
export class CameraSource extends FfmpegSource implements LinkedSource {
  readonly #options: CameraSourceOptions;
  readonly #leaving = new Set<Promise<unknown>>();
  /** Of which no picture came through this program the last time: ffmpeg is to open it itself the next time. */
  readonly #direct = new Set<string>();
  #streamInUse: StreamInUse | null = null;

  constructor(options: CameraSourceOptions) {
    super(options);
    this.#options = options;
  }

  /** The address that is connected to, or was tried last; null before the first attempt and where there is only one. */
  get streamInUse(): StreamInUse | null {
    return this.#streamInUse;
  }

  /** Resolves when nothing of this source is alive: no ffmpeg, no connection of this program. */
  override async gone(): Promise<void> {
    do {
      await super.gone();
      await Promise.all(this.#leaving);
    } while (this.#leaving.size > 0);
  }

  override frames(): Observable<Frame> {
    return defer(() => {
      const { addresses, ffmpeg } = this.#options;
      const all = addresses();
      const refusal = refuseFfmpeg(ffmpeg, all[0]!, process.platform);
      return refusal ? throwError(() => refusal) : this.#round(all, 0, []);
    });
  }

  #round(all: readonly SourceAddress[], index: number, failed: readonly Failure[]): Observable<Frame> {
    const address = all[index];
    if (!address) return throwError(() => allFailed(failed));
    // The same account at the same camera: a second refusal counts towards its being locked.
    if (
      failed.some(
        (failure) => failure.error.code === 'STREAM_AUTH_FAILED' && account(failure.address) === account(address),
      )
    ) {
      return this.#round(all, index + 1, failed);
    }
    let pictures = false;
    return this.#attempt(address, all.length === 1 ? null : index).pipe(
      tap(() => {
        pictures = true;
      }),
      catchError((cause: unknown) => {
        if (cause instanceof AnotherDecoder || cause instanceof DetourRefused) {
          return defer(() => this.gone()).pipe(switchMap(() => this.#round(all, index, failed)));
        }
        const error = AppError.from(cause);
        if (pictures || all.length === 1 || GENERAL.has(error.code)) throw error;
        this.#options.log.debug(
          { camera: this.id, address: index, code: error.code },
          `address ${index + 1} of ${all.length} failed: ${redact(error.message)}`,
        );
        return this.#round(all, index + 1, [...failed, { address, error }]);
      }),
    );
  }

  #attempt(address: SourceAddress, index: number | null): Observable<Frame> {
    return new Observable((subscriber) => {
      const { demands, clock } = this.#options;
      this.#streamInUse = index === null ? null : { index, url: 'url' in address ? redact(address.url) : address.kind };
      const leave = new AbortController();
      let pictures: Subscription | null = null;
      let opened: OpenAddress | null = null;
      let seen = false;
      const { timeoutMs, transport } = demands;
      const direct = 'url' in address && this.#direct.delete(address.url);
      const opening = openAddress(address, { timeoutMs, transport, direct }, leave.signal).then(
        async (open) => {
          if (subscriber.closed) return open.close();
          opened = open;
          const openedAtMs = clock.monotonicMs();
          const failed = (error: unknown) => {
            if (!seen && open.detour && 'url' in address && !(error instanceof AnotherDecoder)) {
              this.#direct.add(address.url);
              // A password that was refused is not tried again soon, whoever sends it.
              const soon = clock.monotonicMs() - openedAtMs < timeoutMs;
              if (soon && AppError.from(error).code !== 'STREAM_AUTH_FAILED') {
                this.#goDirect(error);
                subscriber.error(new DetourRefused());
                return;
              }
            }
            subscriber.error(open.failure() ?? error);
          };
          pictures = super
            .frames(open.opening)
            .pipe(this.#firstPictureWatch(address))
            .subscribe({
              next: (frame) => {
                seen = true;
                subscriber.next(frame);
              },
              error: failed,
              complete: () => {
                const failure = open.failure();
                if (failure) failed(failure);
                else subscriber.complete();
              },
            });
          if (subscriber.closed) pictures.unsubscribe();
        },
        (error: unknown) => subscriber.error(error),
      );
      this.#wait(opening);
      return () => {
        leave.abort();
        pictures?.unsubscribe();
        // Not before ffmpeg has gone: its goodbye to the camera goes through here.
        if (opened) this.#wait(super.gone().then(() => opened?.close()));
      };
    });
  }

  #goDirect(error: unknown): void {
    this.#options.log.debug(
      { camera: this.id, code: AppError.from(error).code },
      `no picture came by way of this program; ffmpeg goes to the camera itself: ${redact(AppError.from(error).message)}`,
    );
  }

  #firstPictureWatch(address: SourceAddress) {
    const overNetwork = 'url' in address;
    return firstPictureWatch<Frame>({
      withinMs: () => {
        if (this.pace === 'file') return Number.POSITIVE_INFINITY;
        return overNetwork && this.stream === null ? FIRST_WORD_MS : FIRST_PICTURE_MS;
      },
      error: (afterMs) =>
        new SourceError('STREAM_STALLED', `connected, and no picture came within ${Math.round(afterMs / 1000)} s`),
    });
  }

  #wait(leaving: Promise<unknown>): void {
    this.#leaving.add(leaving);
    void leaving.catch(() => {}).then(() => this.#leaving.delete(leaving));
  }
}

interface Failure {
  readonly address: SourceAddress;
  readonly error: AppError;
}

/** The first address is the one that is meant; but a refused password must be seen, whichever refused it. */
function allFailed(failures: readonly Failure[]): SourceError {
  const first = failures.find(({ error }) => error.code === 'STREAM_AUTH_FAILED') ?? failures[0]!;
  const others = failures.filter((failure) => failure !== first).map(({ error }) => error.message);
  return new SourceError(first.error.code, [first.error.message, ...others].join('; '), { cause: first.error });
}

function account(address: SourceAddress): string | null {
  if (!('url' in address)) return null;
  const { username, password } = credentialsOf(address.url) ?? { username: '', password: '' };
  return JSON.stringify([new URL(address.url).hostname.toLowerCase(), username, password]);
}
