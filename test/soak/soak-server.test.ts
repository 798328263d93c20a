import { expect, it } from 'vitest';
import { frameCounts } from '../../soak/soak-server.ts';

it('a camera emitted what it delivered and what there was no buffer for', () => {
  const metrics = `# HELP facegate_frames_received_total Frames that a camera delivered, after throttling.
facegate_frames_received_total{camera="a",tenant="default"} 100
facegate_frames_received_total{camera="b",tenant="default"} 7
facegate_frames_analysed_total{camera="a",tenant="default"} 95
facegate_frames_dropped_total{camera="a",reason="busy",tenant="default"} 5
facegate_frames_dropped_total{camera="a",reason="pool",tenant="default"} 3
facegate_faces_total{camera="a",status="known",tenant="default"} 12
`;
  expect([...frameCounts(metrics)]).toEqual([
    ['a', { emitted: 103, analysed: 95 }],
    ['b', { emitted: 7, analysed: 0 }],
  ]);
});
