import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventKeep, type EventLog, openEventLog } from '../../access/event-log.ts';
import { AppError } from '../../config/app-error.ts';
import type { AccessEvent, EventDraft } from '../../pipeline/access-event.ts';
import type { EventSink } from '../../pipeline/ports.ts';
import type { EventFilter } from '../../sinks/event-filter.ts';
import { EventOutlet } from '../../sinks/event-outlet.ts';
import { retryPauseMs } from '../../sinks/retry-pause.ts';
import { eventDraft } from '../support/event-draft.ts';
import { eventually } from '../support/eventually.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => i + first);
const numbers = (events: readonly AccessEvent[]) => events.map(({ sequence }) => sequence);

/** Takes events, or does what the test says instead. */
class ListedSink implements EventSink {
  readonly id: string;
  readonly batch: number;
  readonly taken: AccessEvent[] = [];
  /** What was handed over, taken or not. */
  readonly offered: AccessEvent[] = [];
  instead: ((events: readonly AccessEvent[], signal: AbortSignal) => Promise<void>) | null = null;
  disposed = 0;

  constructor(id = 'one', batch = 1) {
    this.id = id;
    this.batch = batch;
  }

  async deliver(events: readonly AccessEvent[], signal: AbortSignal): Promise<void> {
    this.offered.push(...events);
    await this.instead?.(events, signal);
    this.taken.push(...events);
  }

  stats() {
    return { taken: this.taken.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1;
  }
}

let folder: string;
let log: EventLog;
let clock: VirtualClock;
const outlets: EventOutlet[] = [];
const faults: string[] = [];

function openLog(keep?: EventKeep): EventLog {
  return openEventLog({
    file: join(folder, 'events.db'),
    tenant: 'default',
    clock,
    log: recordedLog(),
    ...(keep && { keep }),
  });
}

function outletOf(
  sink: EventSink,
  filter: EventFilter = {},
  fault: (code: string) => void = (code) => void faults.push(code),
): EventOutlet {
  const outlet = new EventOutlet({
    sink,
    type: 'test',
    filter,
    log,
    clock,
    logger: recordedLog(),
    fault,
    random: () => 1,
  });
  outlets.push(outlet);
  outlet.start();
  return outlet;
}

const append = (count = 1, fields: Partial<EventDraft> = {}) =>
  log.appendAll(upTo(count).map(() => eventDraft(fields)));
const has = (sink: ListedSink, count: number) =>
  eventually(`${count} events`, () => sink.taken.length >= count, 10_000);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-outlet-'));
  clock = new VirtualClock();
  log = openLog();
});
afterEach(async () => {
  await Promise.all(outlets.splice(0).map((outlet) => outlet.close()));
  await log.close();
  faults.length = 0;
  rmSync(folder, { recursive: true });
});

describe('EventOutlet', () => {
  it('begins a new sink with what happens from now on, and hands over in order what is appended', async () => {
    append(5);
    const sink = new ListedSink();
    outletOf(sink);
    append(3);
    await has(sink, 3);
    append(2);
    await has(sink, 5);
    expect(numbers(sink.taken)).toEqual(upTo(10, 6));
    expect(sink.taken.every(({ replay }) => !replay)).toBe(true);
  });

  it('goes on after a restart where the sink had got; what happened meanwhile is a replay', async () => {
    const first = new ListedSink('hook', 10);
    const outlet = outletOf(first);
    append(3);
    await has(first, 3);
    await outlet.close();
    expect([log.cursor('hook'), first.disposed]).toEqual([3, 1]);
    await log.close();
    log = openLog();
    append(2);
    const second = new ListedSink('hook', 10);
    outletOf(second);
    append(1);
    await has(second, 3);
    expect(second.taken.map(({ sequence, replay }) => [sequence, replay])).toEqual([
      [4, true],
      [5, true],
      [6, false],
    ]);
  });

  it('is at the last number that is done with after the process was killed: nothing is left out', async () => {
    const sink = new ListedSink('hook');
    outletOf(sink);
    append(2);
    await has(sink, 2);
    // As after a kill before the cursor was written down.
    expect(log.cursor('hook')).toBe(0);
    await eventually('the cursor', () => log.cursor('hook') === 2);
  });

  it('hands over again what a sink did not take, as a replay, and then the rest in order', async () => {
    const sink = new ListedSink();
    let refusals = 2;
    sink.instead = async () => {
      if (refusals-- > 0) throw new Error('connection refused');
    };
    const outlet = outletOf(sink);
    append(3);
    await eventually('the first refusal', () => outlet.view().state === 'waiting');
    expect(outlet.view()).toMatchObject({
      id: 'one',
      type: 'test',
      cursor: 0,
      behind: 3,
      lastError: { code: 'SINK_FAILED', message: 'sink one failed: connection refused' },
      retryAt: expect.stringMatching(/^2026/),
      taken: 0,
    });
    await has(sink, 3);
    expect(sink.offered.map(({ sequence, replay }) => [sequence, replay])).toEqual([
      [1, false],
      [1, true],
      [1, true],
      [2, false],
      [3, false],
    ]);
    expect(outlet.view()).toMatchObject({ state: 'delivering', lastError: null, behind: 0, failures: 2, delivered: 3 });
  });

  it('says replay of what waited for longer than a grant lives, or past its end, whatever the wall clock says', async () => {
    const sink = new ListedSink();
    let release: () => void = () => undefined;
    sink.instead = () => new Promise((resolve) => (release = resolve));
    outletOf(sink);
    const expiresAtMs = clock.wallMs() + 2000;
    append(2, { type: 'access.granted', door: 'lobby', expiresAtMs });
    await eventually('the first', () => sink.offered.length === 1);
    clock.advance(2000);
    clock.stepWall(-86_400_000);
    sink.instead = null;
    release();
    await has(sink, 2);
    append(1, { type: 'access.granted', door: 'lobby', expiresAtMs: clock.wallMs() });
    append(1, { type: 'access.granted', door: 'lobby', expiresAtMs: clock.wallMs() + 1 });
    await has(sink, 4);
    expect(sink.offered.map(({ replay }) => replay)).toEqual([false, true, true, false]);
  });

  it('keeps nobody else waiting for a sink that hangs or throws', async () => {
    const [dead, bad, good] = [new ListedSink('dead'), new ListedSink('bad'), new ListedSink('good')];
    dead.instead = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    bad.instead = () => {
      throw new AppError('SINK_FAILED', 'no');
    };
    const all = [dead, bad, good].map((sink) => outletOf(sink));
    append(50);
    await has(good, 50);
    expect([dead.taken.length, bad.taken.length]).toEqual([0, 0]);
    expect(all.map((outlet) => outlet.view().behind)).toEqual([50, 50, 0]);
  });

  it('passes over what the sink is not to get, and its place moves on all the same', async () => {
    const sink = new ListedSink();
    const outlet = outletOf(sink, { types: ['access.denied'], doors: ['lobby'] });
    append(3);
    append(1, { type: 'access.denied', door: 'lobby' });
    append(1, { type: 'access.denied', door: 'lab' });
    append(30_000);
    await eventually('the end', () => outlet.view().cursor === 30_005);
    expect(numbers(sink.taken)).toEqual([4]);
    append(1);
    expect(outlet.view().cursor).toBe(30_006);
    append(1, { type: 'access.denied', door: 'lobby' });
    await has(sink, 2);
  });

  it('does nothing while nothing happens', async () => {
    const sink = new ListedSink();
    outletOf(sink);
    append(1);
    await has(sink, 1);
    await eventually('the cursor', () => log.cursor('one') === 1);
    let reads = 0;
    const { page } = log;
    log.page = (o) => {
      reads += 1;
      return page.call(log, o);
    };
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(reads).toBe(0);
    append(1);
    await has(sink, 2);
    expect(reads).toBeGreaterThan(0);
  });

  it('goes on from the oldest where events went before the sink got them, and says so once', async () => {
    await log.close();
    log = openLog({ days: 90, count: 10 });
    log.advance('hook', 0);
    append(40);
    const sink = new ListedSink('hook', 100);
    outletOf(sink);
    await has(sink, 10);
    expect(numbers(sink.taken)).toEqual(upTo(40, 31));
    expect(faults).toEqual(['EVENTS_LOST']);
  });

  it('waits as long as the sink asks for, gives up what the sink gives up, and stops when the sink wants nothing more', async () => {
    const sink = new ListedSink();
    const answers = [
      new AppError('SINK_FAILED', 'busy', { details: { retryAfterMs: 1 } }),
      new AppError('SINK_FAILED', 'too large', { details: { giveUp: true } }),
      null,
      new AppError('SINK_FAILED', 'gone', { details: { disable: true } }),
    ];
    sink.instead = async () => {
      const answer = answers.shift();
      if (answer) throw answer;
    };
    const outlet = outletOf(sink);
    append(1);
    await eventually('given up', () => outlet.view().cursor === 1);
    expect([outlet.view().state, faults]).toEqual(['delivering', ['SINK_GAVE_UP']]);
    append(2);
    await eventually('disabled', () => outlet.view().state === 'disabled');
    append(1);
    expect(outlet.view()).toMatchObject({ cursor: 2, behind: 2, lastError: { message: 'gone' } });
    expect(numbers(sink.taken)).toEqual([2]);
    expect(faults).toEqual(['SINK_GAVE_UP', 'SINK_DISABLED']);
  });

  it('gives up the one event that the sink will not take, and not those that were handed over with it', async () => {
    const sink = new ListedSink('one', 10);
    sink.instead = async (events) => {
      if (!numbers(events).includes(3)) return;
      throw new AppError('SINK_FAILED', 'too large', { details: { giveUp: true } });
    };
    append(1);
    const outlet = outletOf(sink);
    append(9);
    await eventually('all', () => outlet.view().cursor === 10);
    expect(numbers(sink.taken)).toEqual([2, 4, 5, 6, 7, 8, 9, 10]);
    // What may have been told already is told as a replay.
    const again = sink.taken.filter(
      (event) => sink.offered.filter(({ sequence }) => sequence === event.sequence).length > 1,
    );
    expect(again.length).toBeGreaterThan(0);
    expect(again.every(({ replay }) => replay)).toBe(true);
    expect(faults).toEqual(['SINK_GAVE_UP']);
  });

  it('says once, not for each, that events were given up: the fault is an event that the sink gives up too', async () => {
    const sink = new ListedSink();
    sink.instead = () => Promise.reject(new AppError('SINK_FAILED', 'no', { details: { giveUp: true } }));
    const outlet = outletOf(sink, {}, (code) => {
      faults.push(code);
      append(1, { type: 'system.fault', reason: code });
    });
    append(20);
    await eventually('all', () => outlet.view().cursor === 21);
    // What it was told meanwhile is done with as well.
    await outlet.close();
    expect([faults, log.lastSequence, outlet.view().behind]).toEqual([['SINK_GAVE_UP'], 21, 0]);
  });

  it('delivers what there is when it closes, twice, and then nothing', async () => {
    const sink = new ListedSink('one', 7);
    const outlet = outletOf(sink);
    append(100);
    const closing = outlet.close();
    expect(outlet.close()).toBe(closing);
    await closing;
    append(1);
    expect(numbers(sink.taken)).toEqual(upTo(100));
    expect([log.cursor('one'), sink.disposed, outlet.view().state]).toEqual([100, 1, 'closed']);
  });

  it.each<[string, (sink: ListedSink) => void]>([
    ['is down', (sink) => (sink.instead = () => Promise.reject(new Error('down')))],
    ['never answers and does not listen', (sink) => (sink.instead = () => new Promise(() => undefined))],
  ])('closes within seconds while its sink %s, and loses nothing', async (_, break_) => {
    const sink = new ListedSink();
    break_(sink);
    const outlet = outletOf(sink);
    append(3);
    await eventually('an attempt', () => sink.offered.length > 0);
    const begun = Date.now();
    await outlet.close();
    expect(Date.now() - begun).toBeLessThan(8000);
    expect([log.cursor('one'), sink.disposed]).toEqual([0, 1]);
    const again = new ListedSink();
    outletOf(again);
    await has(again, 3);
    expect(again.taken.map(({ sequence, replay }) => [sequence, replay])).toEqual(upTo(3).map((n) => [n, true]));
  });

  it('closes before it was started', async () => {
    const sink = new ListedSink();
    const outlet = new EventOutlet({
      sink,
      type: 'test',
      filter: {},
      log,
      clock,
      logger: recordedLog(),
      fault: () => undefined,
    });
    await outlet.close();
    outlet.start();
    append(1);
    expect([sink.disposed, sink.offered]).toEqual([1, []]);
  });
});

describe('retryPauseMs', () => {
  it('grows from a quarter of a second to 15 s, never longer', () => {
    expect(upTo(9).map((n) => retryPauseMs(n, 0))).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(retryPauseMs(1, 1)).toBe(200);
    expect(retryPauseMs(1e9, 0)).toBe(15_000);
  });
});
