import { EMPTY, of, Subject, throwError } from 'rxjs';
import { map } from 'rxjs/operators';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { latestMap } from '../../pipeline/latest-map.ts';
import { mapInOrder } from '../../pipeline/map-in-order.ts';

const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

/** A place at a counter that the test hands out by hand. */
function places() {
  const waiting: ((place: { release: () => void }) => void)[] = [];
  const released = vi.fn();
  return {
    reserve: () => new Promise<{ release: () => void }>((resolve) => waiting.push(resolve)),
    released,
    asked: () => waiting.length,
    async give() {
      waiting.shift()?.({ release: released });
      await Promise.resolve();
    },
  };
}

describe('latestMap', () => {
  it('replaces the waiting value by a newer one while one is in flight', () => {
    const dropped: string[] = [];
    scheduler().run(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-----d|');
      const run = (v: string) => cold('----(r|)').pipe(map(() => v));
      const subs = '         ^-----------!';
      expectObservable(source.pipe(latestMap(run, { onDrop: (v, why) => dropped.push(`${v} ${why}`) }))).toBe(
        '               -----a---c-----(d|)',
      );
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
    expect(dropped).toEqual(['b busy']);
  });

  it('lets a value whose turn it is not wait for nothing, but take the place of an older one that waits', () => {
    const dropped: string[] = [];
    scheduler().run(({ hot, cold, expectObservable }) => {
      const source = hot('  -xAxBxC-----x|');
      const run = (v: string) => cold('-----(r|)').pipe(map(() => v));
      const isDue = (v: string) => v !== 'x' && v !== 'y';
      expectObservable(source.pipe(latestMap(run, { isDue, onDrop: (v, why) => dropped.push(`${v} ${why}`) }))).toBe(
        '               -------A----C|',
      );
    });
    // B waited, was replaced by the newer x, and that by C: one turn was lost.
    expect(dropped).toEqual(['x thinned', 'x thinned', 'B thinned', 'x busy', 'x thinned']);
  });

  it('emits what still waits when the source completes', () => {
    scheduler().run(({ hot, cold, expectObservable }) => {
      const run = (v: string) => cold('---(r|)').pipe(map(() => v));
      expectObservable(hot('-ab|').pipe(latestMap(run))).toBe('----a--(b|)');
    });
  });

  it('skips a value whose projection emits nothing, and goes on', () => {
    scheduler().run(({ hot, expectObservable }) => {
      const run = (v: string) => (v === 'b' ? EMPTY : of(v));
      expectObservable(hot('-a-b-c-|').pipe(latestMap(run))).toBe('-a---c-|');
    });
  });

  it('passes an error of a projection on at once', () => {
    scheduler().run(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-b-|');
      const run = (v: string) => (v === 'b' ? throwError(() => 'bad') : of(v));
      expectObservable(source.pipe(latestMap(run))).toBe('-a-#', undefined, 'bad');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});

describe('mapInOrder', () => {
  it('keeps the order of the values when a later one is ready first', () => {
    scheduler().run(({ hot, cold, expectObservable }) => {
      const run = (v: string) => cold(v === 'a' ? '-----(r|)' : '-(r|)').pipe(map(() => v));
      expectObservable(hot('-ab---|').pipe(mapInOrder(run, { concurrency: 2 }))).toBe('------(ab|)');
    });
  });

  it('counts a result that waits for its turn as in flight', () => {
    const started: string[] = [];
    const first = new Subject<string>();
    const source = new Subject<string>();
    const start = (v: string) => {
      started.push(v);
      return v === 'a' ? first : of(v);
    };
    source.pipe(mapInOrder(start, { waiting: 'all' })).subscribe();
    for (const v of ['a', 'b', 'c', 'd']) source.next(v);
    expect(started).toEqual(['a', 'b']);
    first.complete();
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps every value with waiting: all', () => {
    scheduler().run(({ hot, cold, expectObservable }) => {
      const run = (v: string) => cold('--(r|)').pipe(map(() => v));
      expectObservable(hot('(abc|)').pipe(mapInOrder(run, { concurrency: 1, waiting: 'all' }))).toBe('--a-b-(c|)');
    });
  });

  it('takes the newest value at the moment a place is free, not at the moment it asked', async () => {
    const counter = places();
    const source = new Subject<string>();
    const projected: string[] = [];
    const dropped: string[] = [];
    const project = (v: string) => {
      projected.push(v);
      return of(v);
    };
    const subscription = source
      .pipe(
        mapInOrder(project, {
          reserve: counter.reserve,
          onDrop: (v, why) => dropped.push(`${v} ${why}`),
        }),
      )
      .subscribe();
    for (const v of ['a', 'b', 'c']) source.next(v);
    expect(counter.asked()).toBe(1);
    await counter.give();
    expect(projected).toEqual(['c']);
    expect(dropped).toEqual(['a busy', 'b busy']);
    subscription.unsubscribe();
  });

  it('gives a place back that arrives after the stream was left', async () => {
    const counter = places();
    const source = new Subject<string>();
    const dropped: string[] = [];
    const subscription = source
      .pipe(
        mapInOrder((v: string) => of(v), { reserve: counter.reserve, onDrop: (v, why) => dropped.push(`${v} ${why}`) }),
      )
      .subscribe();
    source.next('a');
    subscription.unsubscribe();
    expect(dropped).toEqual(['a closed']);
    await counter.give();
    expect(counter.released).toHaveBeenCalledTimes(1);
  });

  it('tells of results that were ready and are not emitted', () => {
    const discarded: string[] = [];
    const first = new Subject<string>();
    const source = new Subject<string>();
    const emitted: string[] = [];
    const subscription = source
      .pipe(mapInOrder((v: string) => (v === 'a' ? first : of(v)), { onDiscard: (r: string) => discarded.push(r) }))
      .subscribe((v) => emitted.push(v));
    source.next('a');
    source.next('b');
    expect(emitted).toEqual([]);
    subscription.unsubscribe();
    expect(discarded).toEqual(['b']);
  });

  it('ends with the reason when a place can never be had', async () => {
    const source = new Subject<string>();
    const error = vi.fn();
    source
      .pipe(mapInOrder((v: string) => of(v), { reserve: () => Promise.reject(new Error('closed')) }))
      .subscribe({ error });
    source.next('a');
    await new Promise((resolve) => setImmediate(resolve));
    expect(error).toHaveBeenCalledWith(new Error('closed'));
  });
});
