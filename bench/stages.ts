import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { FRAME_STAGES } from '../pipeline/frame-trace.ts';
import { machineMs } from '../pipeline/machine-clock.ts';
import { liveParts } from '../test/support/live-client.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { LiveRig } from './live/live-rig.ts';
import { type Receipt, type StageAccount, stageAccount, type TraceSpan } from './live/stage-account.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, median, percentile, type Row } from './report.ts';

const FPS = 5;
const SECONDS = 20;
const ROUNDS = 3;
/** Connecting, and what the first pictures pay for. */
const SETTLE_S = 4;
/** A trace may last that long. */
const LONGEST_TRACE_S = 600;

/** What a frame of a paced RTSP camera spends its time on, with one viewer who gets the pictures; `serve --trace` measures it. */
export async function measureStages(options: BenchOptions = {}): Promise<Measurement> {
  const fps = options.fps ?? FPS;
  const seconds = options.seconds ?? SECONDS;
  const cameras = options.cameras ?? 1;
  const rounds = options.rounds ?? ROUNDS;
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const long = longFilm(film(), seconds + SETTLE_S + 60, join(dir, 'film.mp4'));
    const accounts: StageAccount[] = [];
    const delaysMs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      process.stderr.write(`stages: round ${round} of ${rounds}, ${seconds} s\n`);
      const { account, loopDelayP99Ms } = await followFrames({ long, fps, seconds, cameras });
      accounts.push(account);
      delaysMs.push(loopDelayP99Ms);
    }
    return {
      part: 'stages',
      rows: [
        ...rowsOf(accounts, median, 'p50'),
        ...rowsOf(accounts, (values) => percentile(values, 95), 'p95'),
        delayRow(delaysMs, '', 'with the trace'),
      ],
      ratios: [
        {
          name: 'of a frame, median: sum of the stages / the whole',
          values: accounts.map(({ sums, wholes }) => median(sums.map((sum, i) => sum / wholes[i]!))),
          wanted: { atLeast: 0.95 },
        },
        {
          name: 'the same: the whole / sum of the stages',
          values: accounts.map(({ sums, wholes }) => median(sums.map((sum, i) => wholes[i]! / sum))),
          wanted: { atLeast: 0.95 },
        },
        delayRatio(delaysMs),
      ],
      remarks: [
        `${cameras} × 1920×1080 at 25 frames/s, H.264, RTSP, ${fps} frames/s analysed; one live client with pictures, on the same cores; ${accounts.map(({ sums }) => sums.length).join(', ')} frames`,
        'the whole: from the line in which ffmpeg says that it has the compressed picture until the message is with the client, by the client’s own reading of the machine’s clock; the sum: what each stage says it took, and nothing for what none does. docs/performance.md#where-the-time-goes says what each stage contains',
        'medians of stages do not add up to the median of the sum: each frame’s sum is its own',
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function followFrames(o: {
  long: string;
  fps: number;
  seconds: number;
  cameras: number;
}): Promise<{ account: StageAccount; loopDelayP99Ms: number }> {
  const { long, fps, seconds, cameras } = o;
  const receipts: Receipt[] = [];
  await using rig = await LiveRig.start({ films: { film: long }, traceSeconds: LONGEST_TRACE_S });
  const socket = new WebSocket(rig.socketAddress, { perMessageDeflate: false });
  socket.on('message', (message: Buffer) => {
    const atMs = machineMs();
    const { camera, sequence } = liveParts(message).json as { camera: string; sequence: number };
    receipts.push({ camera, sequence, atMs });
  });
  await once(socket, 'open');
  const ids = Array.from({ length: cameras }, (_, i) => `camera${i + 1}`);
  for (const id of ids) await rig.add({ id, url: rig.films.url('film'), fps });
  await rig.running(ids, SETTLE_S * 1000);
  receipts.length = 0;
  const { loopDelayP99Ms } = await rig.during(seconds);
  const seen = [...receipts];
  socket.terminate();
  await rig.facegate.stop();
  const account = stageAccount(JSON.parse(readFileSync(rig.traceFile, 'utf8')) as TraceSpan[], seen);
  if (account.sums.length === 0) throw new Error(`of ${seen.length} frames at the client none is whole in the trace`);
  return { account, loopDelayP99Ms };
}

function rowsOf(accounts: readonly StageAccount[], of: (values: readonly number[]) => number, name: string): Row[] {
  const wholes = accounts.map(({ wholes }) => of(wholes));
  const differences = accounts.map(({ sums, wholes }) => of(sums.map((sum, i) => wholes[i]! - sum)));
  return [
    ...FRAME_STAGES.map((stage): Row => {
      const values = accounts.map(({ stages }) => of(stages.get(stage)!));
      const share = (100 * median(values)) / median(wholes);
      return { name: `${stage}, ${name}`, values, unit: 'ms', note: `${share.toFixed(1)} % of the whole` };
    }),
    { name: `sum of a frame, ${name}`, values: accounts.map(({ sums }) => of(sums)), unit: 'ms' },
    { name: `the whole, ${name}`, values: wholes, unit: 'ms' },
    { name: `in no stage, ${name}`, values: differences, unit: 'ms' },
  ];
}
