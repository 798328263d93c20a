import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { residentBytes } from '../test/support/child-processes.ts';
import { eventually } from '../test/support/eventually.ts';
import { liveParts } from '../test/support/live-client.ts';
import { openCameraRig } from './camera-rig.ts';
import { delayRatio, delayRow, type Measurement, median } from './report.ts';

const FPS = 10;
const WARM_UP_MS = 40_000;
const STALL_MS = 60_000;
const MEGABYTE = 2 ** 20;

/** One viewer stops reading for a minute while another reads on: what it costs the server, and what the other misses. */
export async function measureStalledViewer(): Promise<Measurement> {
  await using rig = await openCameraRig({ cameras: 1, fps: FPS, filmSeconds: 240 });
  const { facegate, metric } = rig;
  const url = `${facegate.address.replace('http', 'ws')}/ws/live`;
  const seen: number[] = [];
  const reader = new WebSocket(url);
  reader.on('message', (data: Buffer) => seen.push(liveParts(data).json.sequence));
  const stalling = new WebSocket(url);
  await eventually('frames', () => seen.length > 0);
  await wait(WARM_UP_MS);

  const sample = async (ms: number) => {
    const samples: number[] = [];
    for (const end = Date.now() + ms; Date.now() < end; await wait(500))
      samples.push(residentBytes(facegate.pid) / MEGABYTE);
    return samples;
  };
  const calm = await sample(20_000);
  stalling.pause();
  const from = seen.length;
  const analysed = 'facegate_frames_analysed_total{camera="camera1"}';
  const before = await metric(analysed);
  const stalled = await sample(STALL_MS);
  const delayP99Ms = 1000 * (await metric('facegate_event_loop_delay_seconds{quantile="0.99"}'));
  const frames = (await metric(analysed)) - before;
  const reading = seen.slice(from);
  const missing = reading.slice(1).filter((sequence, i) => sequence !== (reading[i] as number) + 1).length;
  reader.close();
  stalling.terminate();
  const growth = median(stalled.slice(-20)) - median(calm);
  return {
    part: 'stalled-viewer',
    rows: [
      { name: 'resident memory, both reading', values: calm, unit: 'MiB' },
      { name: `resident memory, one stalled for ${STALL_MS / 1000} s`, values: stalled, unit: 'MiB' },
      {
        name: 'growth',
        values: [growth],
        unit: 'MiB',
        note: 'median of the last 10 s over the median before; wanted < 20',
      },
      { name: 'highest over the median before', values: [Math.max(...stalled) - median(calm)], unit: 'MiB' },
      { name: 'frames analysed meanwhile', values: [frames], unit: 'frames' },
      {
        name: 'frames the other viewer got',
        values: [reading.length],
        unit: 'frames',
        note: `${missing} gaps in their numbers`,
      },
      delayRow([delayP99Ms]),
    ],
    ratios: [{ name: 'growth / 20 MiB', values: [growth / 20], wanted: { atMost: 1 } }, delayRatio([delayP99Ms])],
    remarks: [`one camera, ${FPS} frames/s with pictures of 1280×720 to each viewer`],
  };
}
