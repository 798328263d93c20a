import { expect, it } from 'vitest';
import { missingIn, tenantCounts } from '../../soak/tenant-witness.ts';

it.each([
  [[], 0],
  [[7], 0],
  [[7, 8, 9], 0],
  [[7, 9, 10, 13], 3],
  [[7, 8, 8, 9], 1],
  [[7, 9, 8], 2],
])('of %j so many are missing, again or out of order: %i', (numbers, missing) => {
  expect(missingIn(numbers)).toEqual({ count: numbers.length, missing });
});

it('what was dropped of a camera is told by reason', () => {
  const metrics = `facegate_frames_received_total{camera="a",tenant="access"} 100
facegate_frames_analysed_total{camera="a",tenant="access"} 95
facegate_frames_dropped_total{camera="a",reason="busy",tenant="access"} 4
facegate_frames_dropped_total{camera="a",reason="thinned",tenant="access"} 1
facegate_frames_received_total{camera="b",tenant="access"} 7
facegate_frames_analysed_total{camera="b",tenant="access"} 7
`;
  expect([...tenantCounts(metrics)]).toEqual([
    ['a', { emitted: 100, analysed: 95, dropped: { busy: 4, thinned: 1 } }],
    ['b', { emitted: 7, analysed: 7, dropped: {} }],
  ]);
});
