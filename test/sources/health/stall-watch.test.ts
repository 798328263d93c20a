import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { stallWatch } from '../../../sources/health/stall-watch.ts';

function run(
  test: (t: { scheduler: TestScheduler; stalls: number[]; watch: ReturnType<typeof stallWatch<string>> }) => void,
) {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const stalls: number[] = [];
  const watch = stallWatch<string>({
    stalledAfterMs: 5000,
    restartAfterMs: 10_000,
    onStalled: () => stalls.push(scheduler.now()),
    error: () => new Error('stalled'),
    scheduler,
  });
  scheduler.run(() => test({ scheduler, stalls, watch }));
  return stalls;
}

it('says once that the stream stalled, and gives it up after 10 s', () => {
  const stalls = run(({ scheduler, watch }) => {
    const source = scheduler.createColdObservable('1s a');
    scheduler.expectObservable(source.pipe(watch)).toBe('1s a 9999ms #', undefined, new Error('stalled'));
    scheduler.expectSubscriptions(source.subscriptions).toBe('^ 10999ms !');
  });
  expect(stalls).toEqual([6000]);
});

it('does not watch before the first value', () => {
  const stalls = run(({ scheduler, watch }) => {
    const source = scheduler.createColdObservable('60s a');
    scheduler.expectObservable(source.pipe(watch), '^ 61s !').toBe('60s a');
  });
  expect(stalls).toEqual([]);
});

it('says nothing while values come, and passes the end on', () => {
  const stalls = run(({ scheduler, watch }) => {
    const source = scheduler.createColdObservable('a 4800ms b 4800ms c |');
    scheduler.expectObservable(source.pipe(watch)).toBe('a 4800ms b 4800ms c |');
  });
  expect(stalls).toEqual([]);
});

it('ends the source when it is left', () => {
  run(({ scheduler, watch }) => {
    const source = scheduler.createColdObservable('a');
    scheduler.expectObservable(source.pipe(watch), '^ 2s !').toBe('a');
    scheduler.expectSubscriptions(source.subscriptions).toBe('^ 2s !');
  });
});
