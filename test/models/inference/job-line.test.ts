import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobLine, type JobLineOptions } from '../../../models/inference/job-line.ts';

/** A line whose batches finish when the test says so. */
function line(options: JobLineOptions) {
  const batches: number[][] = [];
  const running: (() => void)[] = [];
  const jobs = new JobLine<number>((batch) => {
    batches.push(batch);
    return new Promise((resolve) => running.push(resolve));
  }, options);
  return { jobs, batches, finish: () => running.shift()?.() };
}

describe('JobLine', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it('works on one job after the other where batches are no gain, and waits for nothing', async () => {
    const { jobs, batches, finish } = line({ most: 1, withinMs: 50 });
    jobs.add(1);
    jobs.add(2);
    expect(batches).toEqual([[1]]);
    finish();
    await later(0);
    expect(batches).toEqual([[1], [2]]);
  });

  it('works on a job that comes in the very moment in which the line has run empty', async () => {
    const batches: number[][] = [];
    const jobs = new JobLine<number>(
      async (batch) => {
        batches.push(batch);
      },
      { most: 1, withinMs: 0 },
    );
    for (let job = 1; job <= 5; job++) {
      jobs.add(job);
      // Each number of steps is another moment.
      for (let step = 0; step < job; step++) await Promise.resolve();
    }
    await later(0);
    expect(batches.flat()).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets a job wait for others, but no longer than it may', async () => {
    const { jobs, batches } = line({ most: 4, withinMs: 20 });
    jobs.add(1);
    await later(19);
    jobs.add(2);
    expect(batches).toEqual([]);
    await later(2);
    expect(batches).toEqual([[1, 2]]);
  });

  it('lets nobody wait once there is a full batch', async () => {
    const { jobs, batches, finish } = line({ most: 2, withinMs: 1000 });
    jobs.add(1);
    await later(1);
    jobs.add(2);
    jobs.add(3);
    await later(0);
    expect(batches).toEqual([[1, 2]]);
    finish();
    await later(1);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('does not let those wait again that came while networks ran', async () => {
    const { jobs, batches, finish } = line({ most: 4, withinMs: 1000 });
    jobs.add(1);
    await later(1001);
    for (const job of [2, 3]) jobs.add(job);
    finish();
    await later(1);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('forgets what waits when it is stopped, and finishes what runs', async () => {
    const { jobs, batches, finish } = line({ most: 1, withinMs: 0 });
    jobs.add(1);
    jobs.add(2);
    let stopped = false;
    jobs.stop().then(() => (stopped = true));
    await later(1);
    expect(stopped).toBe(false);
    finish();
    await later(1);
    expect([stopped, batches]).toEqual([true, [[1]]]);
  });

  it('stops also while a job waits for others', async () => {
    const { jobs, batches } = line({ most: 4, withinMs: 1000 });
    jobs.add(1);
    await later(1);
    const stopped = jobs.stop();
    await later(1);
    await stopped;
    expect(batches).toEqual([]);
  });
});
