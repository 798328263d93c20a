import { Observable, Subject, type Subscriber } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SourceError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';
import type { Frame } from '../../pipeline/frame.ts';
import { CameraLink, type LinkedSource } from '../../sources/camera-link.ts';
import { fakeFrame } from '../support/fake-frame.ts';
import { recordedLog } from '../support/recorded-log.ts';

const START = Date.UTC(2026, 10, 21, 9);
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

beforeEach(() => void vi.useFakeTimers({ now: START }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const now = () => Date.now() - START;

/** A source of which the test says what every attempt does; by default it connects and stays silent. */
class FakeSource implements LinkedSource {
  readonly id = 'front';
  readonly pace: 'live' | 'file';
  readonly frameIntervalMs: number;
  readonly frozenChanges = new Subject<boolean>();
  streamInUse: { index: number; url: string } | null = null;
  /** When each attempt began and when it was left, milliseconds. */
  readonly attempts: { began: number; left: number | null }[] = [];
  onAttempt: (subscriber: Subscriber<Frame>, attempt: number) => void = () => {};
  current: Subscriber<Frame> | null = null;
  goneAfterMs = 0;
  #gone: Promise<void> = Promise.resolve();

  constructor(options: { pace?: 'live' | 'file'; frameIntervalMs?: number } = {}) {
    this.pace = options.pace ?? 'live';
    this.frameIntervalMs = options.frameIntervalMs ?? 200;
  }

  frames(): Observable<Frame> {
    return new Observable((subscriber) => {
      const attempt = { began: now(), left: null as number | null };
      this.attempts.push(attempt);
      this.current = subscriber;
      this.onAttempt(subscriber, this.attempts.length);
      return () => {
        attempt.left = now();
        this.#gone = new Promise((resolve) => setTimeout(resolve, this.goneAfterMs));
      };
    });
  }

  gone(): Promise<void> {
    return this.#gone;
  }

  fail(code: ErrorCode): void {
    this.current!.error(new SourceError(code, `said the camera at rtsp://ann:secret@h/x`));
  }

  began(): number[] {
    return this.attempts.map((attempt) => attempt.began);
  }
}

function linkTo(source: FakeSource, options: { repeats?: boolean } = {}) {
  const log = recordedLog();
  const link = new CameraLink(source, { clock, log, random: () => 0.5, ...options });
  const changes: string[] = [];
  link.changes.subscribe(({ state, code }) => changes.push(`${now()} ${state}${code ? ` ${code}` : ''}`));
  return { link, log, changes };
}

/** Frames every 200 ms until the attempt is left. */
function streaming(subscriber: Subscriber<Frame>): void {
  const timer = setInterval(() => subscriber.next(fakeFrame()), 200);
  subscriber.add(() => clearInterval(timer));
}

describe('a camera that works', () => {
  it('goes idle, connecting, running, and back to idle when nobody watches', async () => {
    const source = new FakeSource();
    source.onAttempt = streaming;
    const { link, changes } = linkTo(source);
    expect(link.status).toMatchObject({ cameraId: 'front', state: 'idle', connections: 0, sinceMs: START });
    let frames = 0;
    const watching = link.frames().subscribe(() => {
      frames += 1;
    });
    await pass(2000);
    expect(frames).toBe(10);
    expect(link.status).toMatchObject({ state: 'running', code: null, connections: 1, sinceMs: START + 200 });
    watching.unsubscribe();
    expect(source.attempts).toEqual([{ began: 0, left: 2000 }]);
    expect(changes).toEqual(['0 connecting', '200 running', '2000 idle']);
  });

  it('is not connected to twice at once, and again after that', async () => {
    const source = new FakeSource();
    const { link } = linkTo(source);
    const watching = link.frames().subscribe();
    const error = vi.fn();
    link.frames().subscribe({ error });
    expect(error).toHaveBeenCalledWith(expect.objectContaining({ code: 'INTERNAL' }));
    watching.unsubscribe();
    link.frames().subscribe();
    expect(source.attempts).toHaveLength(2);
  });
});

describe('a camera that fails', () => {
  it('is tried again with growing pauses, also when it never worked', async () => {
    const source = new FakeSource();
    source.onAttempt = () => source.fail('STREAM_CONNECTION_FAILED');
    const { link, changes } = linkTo(source);
    const error = vi.fn();
    link.frames().subscribe({ error });
    await pass(4 * 60_000);
    const pauses = source.began().map((at, i, all) => at - (all[i - 1] ?? 0));
    expect(pauses.slice(1)).toEqual([...Array(5).fill(1000), ...Array(5).fill(5000), ...Array(10).fill(10_000), 60e3]);
    expect(error).not.toHaveBeenCalled();
    expect(changes).toEqual(['0 connecting', '0 reconnecting STREAM_CONNECTION_FAILED']);
    expect(link.status).toMatchObject({
      state: 'reconnecting',
      connections: 22,
      sinceMs: START,
      retryAtMs: START + 250_000,
    });
    expect(link.status.message).toBe('said the camera at rtsp://***@h/x');
  });

  it('says why, in status and log, without credentials', async () => {
    const source = new FakeSource();
    source.onAttempt = () => source.fail('STREAM_NOT_FOUND');
    const { link, log } = linkTo(source);
    link.frames().subscribe();
    await pass(10);
    expect(log.lines.at(-1)).toMatchObject({
      level: 'warn',
      message: 'camera reconnecting: said the camera at rtsp://***@h/x',
      fields: { camera: 'front', code: 'STREAM_NOT_FOUND' },
    });
    expect(JSON.stringify([log.lines, link.status])).not.toContain('secret');
  });

  it('is asked once a minute when it refuses the password: more would lock the account', async () => {
    const source = new FakeSource();
    source.onAttempt = () => source.fail('STREAM_AUTH_FAILED');
    linkTo(source).link.frames().subscribe();
    await pass(150_000);
    expect(source.began()).toEqual([0, 60_000, 120_000]);
  });

  it('has its failures forgotten after 30 s of frames, not before', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber, attempt) => {
      if (attempt <= 6) source.fail('STREAM_CONNECTION_FAILED');
      else {
        streaming(subscriber);
        setTimeout(() => subscriber.error(new SourceError('STREAM_TIMEOUT', 'x')), attempt === 7 ? 20_000 : 31_000);
      }
    };
    const { link } = linkTo(source);
    link.frames().subscribe();
    await pass(10_000);
    expect(source.began()).toEqual([0, 1000, 2000, 3000, 4000, 5000, 10_000]);
    await pass(21_000);
    // 20 s of frames: still the seventh failure.
    expect(link.status.retryAtMs).toBe(START + 30_000 + 5000);
    await pass(35_500);
    expect(link.status.retryAtMs).toBe(START + 35_000 + 31_000 + 1000);
  });

  it.each(['FFMPEG_TOO_OLD', 'SOURCE_URL_INVALID'] as const)('for good (%s) is not tried again', async (code) => {
    const source = new FakeSource();
    source.onAttempt = () => source.fail(code);
    const { link, changes } = linkTo(source);
    const complete = vi.fn();
    link.frames().subscribe({ complete });
    await pass(100_000);
    expect(changes).toEqual(['0 connecting', `0 failed ${code}`]);
    expect(complete).toHaveBeenCalledOnce();
    expect(source.attempts).toHaveLength(1);
  });

  it('for want of an ffmpeg, which may be about to be replaced, is tried again slowly', async () => {
    const source = new FakeSource();
    source.onAttempt = () => source.fail('FFMPEG_NOT_FOUND');
    linkTo(source).link.frames().subscribe();
    await pass(130_000);
    expect(source.began()).toEqual([0, 60_000, 120_000]);
  });

  it('is not tried again before the old ffmpeg has gone', async () => {
    const source = new FakeSource();
    source.goneAfterMs = 2500;
    source.onAttempt = () => source.fail('STREAM_TIMEOUT');
    linkTo(source).link.frames().subscribe();
    await pass(6000);
    expect(source.began()).toEqual([0, 2500, 5000]);
  });
});

describe('a stream that ends', () => {
  it('is opened again after a second, however often it ends', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber) => {
      streaming(subscriber);
      setTimeout(() => subscriber.complete(), 4000);
    };
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(35_500);
    expect(source.began()).toEqual([0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000]);
    expect(changes.slice(0, 4)).toEqual([
      '0 connecting',
      '200 running',
      '4000 reconnecting STREAM_ENDED',
      '5200 running',
    ]);
  });

  it('before its first picture, again and again, is a failure', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber) => subscriber.complete();
    linkTo(source).link.frames().subscribe();
    await pass(16_000);
    expect(source.began()).toEqual([0, 1000, 2000, 3000, 4000, 5000, 10_000, 15_000]);
  });
});

/** A picture every 200 ms, as old as `ageMs` says at that time. */
function late(ageMs: () => number, released: { count: number }) {
  return (subscriber: Subscriber<Frame>) => {
    const timer = setInterval(() => {
      const frame = fakeFrame({
        ageMs: ageMs(),
        arrivedAtMs: performance.now(),
        ptsSeconds: 1000 + (performance.now() - ageMs()) / 1000,
      });
      const release = frame.release.bind(frame);
      subscriber.next({
        ...frame,
        release: () => {
          released.count += 1;
          release();
        },
      });
    }, 200);
    subscriber.add(() => clearInterval(timer));
  };
}

describe('a stream whose pictures come later and later', () => {
  it('is connected to anew at once, told by its code, and no failure is held against it', async () => {
    const source = new FakeSource();
    const released = { count: 0 };
    let ageMs = 4000;
    source.onAttempt = late(() => ageMs, released);
    const { link, changes } = linkTo(source);
    const frames: Frame[] = [];
    link.frames().subscribe((frame) => frames.push(frame));
    await pass(1900);
    ageMs = 50;
    await pass(30_000);
    // Pauses of nothing at all are two ticks of a millisecond.
    expect(changes).toEqual(['0 connecting', '200 running', '1800 reconnecting STREAM_BEHIND', '2001 running']);
    expect(source.began()).toEqual([0, 1801]);
    // The one that told is nobody's: the others are the subscriber's to release.
    expect(released.count).toBe(1);
    expect(frames.length).toBe(8 + 150);
    source.fail('STREAM_CONNECTION_FAILED');
    expect(link.status.retryAtMs! - Date.now()).toBe(1000);
  });

  it('is connected to anew after the old connection has gone, and ever more rarely where that does not help', async () => {
    const source = new FakeSource();
    source.goneAfterMs = 500;
    source.onAttempt = late(() => 4000, { count: 0 });
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(300_000);
    expect(source.began()).toEqual([0, 2300, 32_400, 92_500, 212_600]);
    expect(new Set(changes.slice(2).map((change) => change.split(' ').slice(1).join(' ')))).toEqual(
      new Set(['running', 'reconnecting STREAM_BEHIND']),
    );
  });

  it('is left alone where it is frozen: that has a rule of its own', async () => {
    const source = new FakeSource();
    source.onAttempt = late(() => 4000, { count: 0 });
    const { link } = linkTo(source);
    link.frames().subscribe();
    await pass(1000);
    source.frozenChanges.next(true);
    await pass(30_000);
    expect(link.status.state).toBe('frozen');
    expect(source.attempts).toHaveLength(1);
  });

  it('is read on where it is a film', async () => {
    const source = new FakeSource({ pace: 'file' });
    source.onAttempt = late(() => 4000, { count: 0 });
    linkTo(source).link.frames().subscribe();
    await pass(30_000);
    expect(source.attempts).toHaveLength(1);
  });
});

describe('a stream that falls silent', () => {
  it('is stalled after 5 s, opened again after 10 s, and running with the next frame', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber, attempt) => {
      if (attempt === 1) setTimeout(() => subscriber.next(fakeFrame()), 1000);
      else streaming(subscriber);
    };
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(20_000);
    expect(changes).toEqual([
      '0 connecting',
      '1000 running',
      '6000 stalled STREAM_STALLED',
      '11000 reconnecting STREAM_STALLED',
      '12200 running',
    ]);
    expect(source.attempts[0]).toEqual({ began: 0, left: 11_000 });
  });

  it('recovers without a new connection when a frame comes in time', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber) => {
      for (const ms of [1000, 9000]) setTimeout(() => subscriber.next(fakeFrame()), ms);
    };
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(9100);
    expect(changes).toEqual(['0 connecting', '1000 running', '6000 stalled STREAM_STALLED', '9000 running']);
    expect(link.status.connections).toBe(1);
  });

  it('is not stalled while it is only asked for a picture every ten seconds', async () => {
    const source = new FakeSource({ frameIntervalMs: 10_000 });
    source.onAttempt = (subscriber) => {
      const timer = setInterval(() => subscriber.next(fakeFrame()), 10_000);
      subscriber.add(() => clearInterval(timer));
    };
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(120_000);
    expect(changes).toEqual(['0 connecting', '10000 running']);
  });
});

describe('a picture that stands still', () => {
  it('makes the camera frozen until it moves again', async () => {
    const source = new FakeSource();
    source.onAttempt = streaming;
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(5000);
    source.frozenChanges.next(true);
    await pass(10_000);
    expect(link.status).toMatchObject({ state: 'frozen', code: 'STREAM_FROZEN' });
    source.frozenChanges.next(false);
    await pass(1000);
    expect(changes).toEqual(['0 connecting', '200 running', '5000 frozen STREAM_FROZEN', '15000 running']);
    expect(source.attempts).toHaveLength(1);
  });

  it('is connected to anew after a minute, then two, and is frozen from its first frame on', async () => {
    const source = new FakeSource();
    source.onAttempt = streaming;
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(1000);
    source.frozenChanges.next(true);
    await pass(183_000);
    expect(changes).toEqual([
      '0 connecting',
      '200 running',
      '1000 frozen STREAM_FROZEN',
      '61000 reconnecting STREAM_FROZEN',
      '62200 frozen STREAM_FROZEN',
      '182000 reconnecting STREAM_FROZEN',
      '183200 frozen STREAM_FROZEN',
    ]);
    source.frozenChanges.next(false);
    await pass(1000);
    source.frozenChanges.next(true);
    await pass(60_000);
    expect(changes.slice(7)).toEqual([
      '184000 running',
      '185000 frozen STREAM_FROZEN',
      '245000 reconnecting STREAM_FROZEN',
    ]);
  });

  it('proves no connection good: its failures are not forgotten', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber, attempt) => {
      if (attempt <= 6) return source.fail('STREAM_CONNECTION_FAILED');
      streaming(subscriber);
      setTimeout(() => source.frozenChanges.next(true), 1000);
    };
    const { link } = linkTo(source);
    link.frames().subscribe();
    await pass(10_000 + 61_000 + 100);
    expect(link.status).toMatchObject({
      state: 'reconnecting',
      code: 'STREAM_FROZEN',
      retryAtMs: START + 71_000 + 5000,
    });
  });

  it('that falls silent is stalled, and frozen again with the next frame', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber) => {
      for (const ms of [1000, 8000]) setTimeout(() => subscriber.next(fakeFrame()), ms);
    };
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(1500);
    source.frozenChanges.next(true);
    await pass(7000);
    expect(changes.slice(2)).toEqual([
      '1500 frozen STREAM_FROZEN',
      '6000 stalled STREAM_STALLED',
      '8000 frozen STREAM_FROZEN',
    ]);
  });

  it('leaves nothing running when the camera is let go of', async () => {
    const source = new FakeSource();
    source.onAttempt = streaming;
    const { link } = linkTo(source);
    const watching = link.frames().subscribe();
    await pass(1000);
    source.frozenChanges.next(true);
    watching.unsubscribe();
    void link.close();
    await pass(10);
    expect(source.frozenChanges.observed).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the address in use', () => {
  it('stands in the status as it is now, and in the event of the state that it led to', async () => {
    const source = new FakeSource();
    source.onAttempt = (subscriber) => {
      setTimeout(() => {
        source.streamInUse = { index: 1, url: 'rtsp://***@h/second' };
      }, 500);
      setTimeout(() => subscriber.next(fakeFrame()), 1000);
    };
    const { link } = linkTo(source);
    const seen: unknown[] = [];
    link.changes.subscribe(({ state, streamInUse }) => seen.push([state, streamInUse?.index ?? null]));
    link.frames().subscribe();
    await pass(600);
    expect(link.status.streamInUse).toEqual({ index: 1, url: 'rtsp://***@h/second' });
    await pass(500);
    expect(seen).toEqual([
      ['connecting', null],
      ['running', 1],
    ]);
  });
});

describe('a file', () => {
  it('that was played is closed, and says that it ended, also after close()', async () => {
    const source = new FakeSource({ pace: 'file' });
    source.onAttempt = (subscriber) => {
      subscriber.next(fakeFrame());
      subscriber.complete();
    };
    const { link, changes } = linkTo(source);
    const complete = vi.fn();
    link.frames().subscribe({ complete });
    await pass(10_000);
    await link.close();
    expect(complete).toHaveBeenCalledOnce();
    expect(changes).toEqual(['0 connecting', '0 running', '0 closed STREAM_ENDED']);
    expect(link.status.code).toBe('STREAM_ENDED');
  });

  it('that is not there has failed', async () => {
    const source = new FakeSource({ pace: 'file' });
    source.onAttempt = () => source.fail('STREAM_NOT_FOUND');
    const { link, changes } = linkTo(source, { repeats: true });
    link.frames().subscribe();
    await pass(10_000);
    expect(changes).toEqual(['0 connecting', '0 failed STREAM_NOT_FOUND']);
  });

  it('that repeats starts again', async () => {
    const source = new FakeSource({ pace: 'file' });
    source.onAttempt = (subscriber) => {
      subscriber.next(fakeFrame());
      subscriber.complete();
    };
    linkTo(source, { repeats: true }).link.frames().subscribe();
    await pass(2500);
    expect(source.began()).toEqual([0, 1000, 2000]);
  });

  it('may wait for its reader as long as it likes', async () => {
    const source = new FakeSource({ pace: 'file' });
    source.onAttempt = (subscriber) => subscriber.next(fakeFrame());
    const { link, changes } = linkTo(source);
    link.frames().subscribe();
    await pass(600_000);
    expect(changes).toEqual(['0 connecting', '0 running']);
  });
});

describe('closing', () => {
  it.each([
    ['before anything', (): void => {}, null],
    ['while it connects', (_: FakeSource, link: CameraLink) => void link.frames().subscribe(), 'connecting'],
    [
      'while it runs',
      (source: FakeSource, link: CameraLink) => {
        source.onAttempt = (subscriber) => subscriber.next(fakeFrame());
        link.frames().subscribe();
      },
      'running',
    ],
    [
      'while it waits after a failure',
      (source: FakeSource, link: CameraLink) => {
        source.onAttempt = () => source.fail('STREAM_TIMEOUT');
        link.frames().subscribe();
      },
      'reconnecting',
    ],
  ])('%s ends it for good, once, when ffmpeg is gone', async (_, start, state) => {
    const source = new FakeSource();
    source.goneAfterMs = 3000;
    const { link, changes } = linkTo(source);
    start(source, link);
    expect(link.status.state).toBe(state ?? 'idle');
    const before = source.attempts.length;
    const closing = link.close();
    expect(link.close()).toBe(closing);
    let closed = false;
    void closing.then(() => {
      closed = true;
    });
    await pass(2900);
    expect(closed).toBe(source.attempts.length === 0);
    await pass(200);
    expect(closed).toBe(true);
    expect(link.status.state).toBe('closed');
    expect(changes.filter((change) => change.includes('closed'))).toHaveLength(1);
    expect(changes.some((change) => change.includes('idle'))).toBe(false);
    const complete = vi.fn();
    link.frames().subscribe({ complete });
    expect(complete).toHaveBeenCalledOnce();
    await pass(100_000);
    expect(source.attempts).toHaveLength(before);
  });

  it('completes what somebody watches', async () => {
    const source = new FakeSource();
    source.onAttempt = streaming;
    const { link } = linkTo(source);
    const complete = vi.fn();
    link.frames().subscribe({ complete });
    await pass(1000);
    void link.close();
    expect(complete).toHaveBeenCalledOnce();
    expect(source.attempts[0]!.left).toBe(1000);
  });
});
