import type { StageTimings } from './frame-result.ts';

/** As they are told to others: a clock's other digits say nothing. What is not a number is 0. */
export function timingsInTenths({ queue, detect, embed, identify, total }: StageTimings): StageTimings {
  return {
    queue: tenths(queue),
    detect: tenths(detect),
    embed: tenths(embed),
    identify: tenths(identify),
    total: tenths(total),
  };
}

/** Also turns −0 into 0. */
function tenths(ms: number): number {
  return Number.isFinite(ms) ? Math.round(ms * 10) / 10 + 0 : 0;
}
