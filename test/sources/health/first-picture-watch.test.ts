import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { firstPictureWatch } from '../../../sources/health/first-picture-watch.ts';

function run(
  withinMs: (nowMs: number) => number,
  test: (scheduler: TestScheduler, watch: ReturnType<typeof firstPictureWatch<string>>) => void,
) {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const error = (afterMs: number) => new Error(`none in ${afterMs}`);
  scheduler.run(() =>
    test(scheduler, firstPictureWatch({ withinMs: () => withinMs(scheduler.now()), error, scheduler })),
  );
}

it('gives up what stays silent, and leaves it', () => {
  run(
    () => 10_000,
    (scheduler, watch) => {
      const source = scheduler.createColdObservable<string>('-');
      scheduler.expectObservable(source.pipe(watch)).toBe('10s #', undefined, new Error('none in 10000'));
      scheduler.expectSubscriptions(source.subscriptions).toBe('^ 9999ms !');
    },
  );
});

it('gives longer to what has said something meanwhile', () => {
  run(
    (nowMs) => (nowMs >= 9000 ? 20_000 : 10_000),
    (scheduler, watch) => {
      const source = scheduler.createColdObservable<string>('-');
      scheduler.expectObservable(source.pipe(watch)).toBe('20s #', undefined, new Error('none in 20000'));
    },
  );
});

it('watches no longer once the first has come', () => {
  run(
    () => 10_000,
    (scheduler, watch) => {
      const source = scheduler.createColdObservable<string>('9s a 60s |');
      scheduler.expectObservable(source.pipe(watch)).toBe('9s a 60s |');
    },
  );
});
