import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { eventually } from '../test/support/eventually.ts';
import { openCameraRig } from './camera-rig.ts';
import { delayRatio, delayRow, type Measurement } from './report.ts';

const FPS = 5;
const SECONDS = 60;
const ENDS = 4;

/** A minute of a real RTSP camera: how many of its frames are analysed; then how long it is gone when its film ends. */
export async function measureRtspMinute(): Promise<Measurement> {
  const { analysed, delayP99Ms } = await countMinute();
  const gaps = await reconnectGaps();
  return {
    part: 'rtsp',
    rows: [
      { name: `frames analysed in ${SECONDS} s`, values: [analysed], unit: 'frames', note: `of ${FPS * SECONDS}` },
      {
        name: 'camera gone at the end of its film',
        values: gaps,
        unit: 's',
        note: `${gaps.length} ends, each recovered`,
      },
      delayRow([delayP99Ms]),
    ],
    ratios: [
      { name: 'analysed / sent', values: [analysed / (FPS * SECONDS)], wanted: { atLeast: 295 / 300 } },
      delayRatio([delayP99Ms]),
    ],
    remarks: [`1080p25 H.264 over TCP from GStreamer's RTSP server, fps ${FPS}, 1280 wide, 5 faces a frame or so`],
  };
}

async function countMinute(): Promise<{ analysed: number; delayP99Ms: number }> {
  await using rig = await openCameraRig({ cameras: 1, fps: FPS, filmSeconds: 70 });
  const series = 'facegate_frames_analysed_total{camera="camera1"}';
  await eventually('the first frame', async () => (await rig.metric(series)) > 0);
  const before = await rig.metric(series);
  await wait(SECONDS * 1000);
  const delayP99Ms = 1000 * (await rig.metric('facegate_event_loop_delay_seconds{quantile="0.99"}'));
  return { analysed: (await rig.metric(series)) - before, delayP99Ms };
}

async function reconnectGaps(): Promise<number[]> {
  await using rig = await openCameraRig({ cameras: 1, fps: FPS, filmSeconds: 10 });
  const socket = new WebSocket(`${rig.facegate.address.replace('http', 'ws')}/ws/live?video=0`);
  const gaps: number[] = [];
  let last = Number.NaN;
  socket.on('message', () => {
    const now = performance.now();
    // A second without a frame at five a second is an end.
    if (now - last > 1000) gaps.push((now - last) / 1000);
    last = now;
  });
  await eventually(`${ENDS} ends of the film`, () => gaps.length >= ENDS, ENDS * 20_000);
  socket.close();
  return gaps.slice(0, ENDS);
}
