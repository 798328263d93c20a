import { expect, it } from 'vitest';
import { timingsInTenths } from '../../pipeline/timings-in-tenths.ts';

it('rounds each to a tenth, and is JSON whatever the clock said', () => {
  const timings = {
    queue: -0.01,
    detect: 15.123456789,
    embed: 5.25000000000001,
    identify: Number.NaN,
    total: 20.3950000001,
  };
  const said = timingsInTenths(timings);
  expect(said).toEqual({ queue: 0, detect: 15.1, embed: 5.3, identify: 0, total: 20.4 });
  expect(JSON.stringify(said)).toBe('{"queue":0,"detect":15.1,"embed":5.3,"identify":0,"total":20.4}');
});
