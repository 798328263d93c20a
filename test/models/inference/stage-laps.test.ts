import { describe, expect, it } from 'vitest';
import { StageLaps } from '../../../models/inference/stage-laps.ts';

describe('the laps of one call', () => {
  it('leave nothing out, and are one where the same is done twice in a row', () => {
    let now = 100;
    const laps = new StageLaps(() => now);
    for (const [stage, ms] of [
      ['preprocess', 2],
      ['detect', 16],
      ['postprocess', 1],
      ['postprocess', 0.5],
      ['align', 1],
      ['embed', 5],
      ['align', 1],
      ['embed', 5],
    ] as const) {
      now += ms;
      laps.lap(stage);
    }
    const { spans, place } = laps.trace;
    expect(place).toBe(`process ${process.pid}`);
    expect(spans.map(({ stage, fromMs, untilMs }) => [stage, untilMs - fromMs])).toEqual([
      ['preprocess', 2],
      ['detect', 16],
      ['postprocess', 1.5],
      ['align', 1],
      ['embed', 5],
      ['align', 1],
      ['embed', 5],
    ]);
    expect(spans[0]!.fromMs).toBe(100);
    for (const [i, span] of spans.entries()) if (i > 0) expect(span.fromMs).toBe(spans[i - 1]!.untilMs);
    expect(spans.at(-1)!.untilMs).toBe(now);
  });
});
