import { describe, expect, it } from 'vitest';
import { GrowthMeter } from '../../../server/cameras/growth-meter.ts';

describe('the growth of a count', () => {
  const set = () => {
    const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
    const meter = new GrowthMeter(clock);
    const run = (seconds: number, perSecond: number, from = 0) => {
      for (let i = 0; i <= seconds * 20; i += 1) {
        meter.note(from + (perSecond * i) / 20);
        clock.nowMs += 50;
      }
    };
    return { meter, run, clock };
  };

  it('is not known in the first second', () => {
    const { meter, run } = set();
    expect(meter.perSecond()).toBeNull();
    run(0.5, 100);
    expect(meter.perSecond()).toBeNull();
  });

  it('is that of the last seconds, not of all time', () => {
    const { meter, run } = set();
    run(20, 100);
    expect(meter.perSecond()).toBeCloseTo(100);
    run(10, 300, 2000);
    expect(meter.perSecond()).toBeCloseTo(300, -1);
  });

  it('falls to nothing when nothing comes', () => {
    const { meter, run } = set();
    run(5, 100);
    run(7, 0, 500);
    expect(meter.perSecond()).toBe(0);
  });

  it('begins anew with a count that does', () => {
    const { meter, run } = set();
    run(5, 100);
    run(3, 10);
    expect(meter.perSecond()).toBeCloseTo(10);
  });
});
