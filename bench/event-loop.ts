import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { eventually } from '../test/support/eventually.ts';
import { openCameraRig } from './camera-rig.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement } from './report.ts';

const WARM_UP_MS = 10_000;
const SECONDS = 20;
const ROUNDS = 3;

/** How late the main thread is while two cameras send more than two cores can analyse, and somebody watches. */
export async function measureEventLoop(options: BenchOptions = {}): Promise<Measurement> {
  const { rounds = ROUNDS, seconds = SECONDS } = options;
  await using rig = await openCameraRig({ cameras: 2, fps: 25, filmSeconds: 60 + rounds * (seconds + 1) });
  const analysed = async () =>
    (await rig.metric('facegate_frames_analysed_total{camera="camera1"}')) +
    (await rig.metric('facegate_frames_analysed_total{camera="camera2"}'));
  await eventually('both cameras', async () => (await analysed()) > 10);
  const viewer = new WebSocket(`${rig.facegate.address.replace('http', 'ws')}/ws/live`);
  viewer.on('message', () => undefined);
  await wait(WARM_UP_MS);
  const p50: number[] = [];
  const p99: number[] = [];
  const rate: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Reading resets the delay's histogram.
    const before = await analysed();
    await wait(seconds * 1000);
    const metrics = await (await fetch(`${rig.facegate.address}/metrics`)).text();
    const quantile = (q: string) =>
      1000 *
      Number(new RegExp(`facegate_event_loop_delay_seconds\\{quantile="${q}"[^}]*\\} (\\S+)`).exec(metrics)?.[1]);
    p50.push(quantile('0.5'));
    p99.push(quantile('0.99'));
    rate.push(((await analysed()) - before) / seconds);
  }
  viewer.close();
  return {
    part: 'event-loop',
    rows: [
      { name: 'delay of the main thread, p50', values: p50, unit: 'ms' },
      delayRow(p99),
      { name: 'analysed, both cameras', values: rate, unit: 'frames/s', note: 'of 50 sent' },
    ],
    ratios: [delayRatio(p99)],
    remarks: [
      'two cameras at 1080p25, fps 25, 1280 wide, one viewer with pictures; cameras and viewer on the same cores',
    ],
  };
}
