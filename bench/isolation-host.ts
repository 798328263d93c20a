// A program of its own that runs networks on itself, in threads or in processes, as bench/isolation.ts says, and tells how
// long each call took and how much memory it all came to.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { CropAnalyser } from '../models/inference/crop-analyser.ts';
import { LocalFaceAnalyser } from '../models/inference/face-analyser.ts';
import type { Networks } from '../models/inference/networks.ts';
import type { NetworksConfig } from '../models/processes/process-messages.ts';
import { ProcessPool } from '../models/processes/process-pool.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { keepYoungGenerationSmall } from '../server/young-generation.ts';
import { descendantsOf, residentBytes } from '../test/support/child-processes.ts';
import { LoopDelay } from './loop-delay.ts';

export interface NetworkTask {
  readonly name: string;
  readonly config: NetworksConfig;
  readonly image: PixelImage;
  readonly options: unknown;
}

export interface HostTask {
  /** `alone`: on this program's own thread, nothing crosses. */
  readonly mode: 'alone' | 'thread' | 'process';
  readonly networks: readonly NetworkTask[];
  /** Which of them run at the same time, one set after the other. */
  readonly sets: readonly (readonly string[])[];
  readonly secondsPerSet: number;
}

export interface HostAnswer {
  /** Milliseconds of each call, by network. */
  readonly latencies: Readonly<Record<string, number[]>>;
  /** Of this program and its processes together. */
  readonly memoryMb: number;
  /** Of this program's main thread; alone it is the one that runs the network. */
  readonly loopDelayP99Ms: number;
}

type Ask = () => Promise<unknown>;

const WARM_UP_CALLS = 10;
const MEGABYTE = 2 ** 20;

/** What it says when its networks are warm; the next message then starts the clock. */
export interface HostReady {
  readonly ready: true;
}

process.once('message', async (task: HostTask) => {
  // As the server does.
  keepYoungGenerationSmall();
  await using opened = new AsyncDisposableStack();
  const asks = new Map<string, Ask>();
  for (const network of task.networks) asks.set(network.name, await open(network, task.mode, opened));
  for (const ask of asks.values()) for (let call = 0; call < WARM_UP_CALLS; call += 1) await ask();

  const ready: HostReady = { ready: true };
  const go = once(process, 'message');
  process.send?.(ready);
  await go;
  const latencies: Record<string, number[]> = Object.fromEntries([...asks.keys()].map((name) => [name, []]));
  const delay = new LoopDelay();
  for (const set of task.sets) {
    const until = performance.now() + task.secondsPerSet * 1000;
    const loops = set.map(async (name) => {
      while (performance.now() < until) {
        const start = performance.now();
        await asks.get(name)!();
        latencies[name]!.push(performance.now() - start);
      }
    });
    await Promise.all(loops);
  }
  const loopDelayP99Ms = delay.p99Ms();
  const memory = [process.pid, ...descendantsOf(process.pid)].reduce((sum, pid) => sum + residentBytes(pid), 0);
  const answer: HostAnswer = { latencies, memoryMb: memory / MEGABYTE, loopDelayP99Ms };
  process.send?.(answer, undefined, undefined, () => process.disconnect());
});

async function open(
  { config, image: sent, options }: NetworkTask,
  mode: HostTask['mode'],
  opened: AsyncDisposableStack,
): Promise<Ask> {
  const image = inSharedMemory(sent);
  if (mode === 'alone') {
    const networks = (await (config.work === 'pictures'
      ? LocalFaceAnalyser.open(config)
      : CropAnalyser.open(config))) as Networks;
    return async () => {
      const [answer] = await networks.work([{ image, options }]);
      if (answer!.status === 'rejected') throw answer!.reason;
    };
  }
  const pool = new ProcessPool<unknown, unknown>({
    config,
    group: {
      device: 'cpu',
      isolation: mode,
      environment: {},
      processes: 1,
      deadlineMs: 60_000,
      memoryLimitMb: null,
    },
    cores: availableParallelism(),
    environment: {},
    most: 1,
    startDeadlineMs: 60_000,
    clock: systemClock,
    log: silentLog,
  });
  opened.defer(() => pool.close());
  await pool.start();
  return async () => (await pool.reserve()).ask(image, options);
}

/** As a camera's frames are. */
function inSharedMemory(image: PixelImage): PixelImage {
  const data = new Uint8Array(new SharedArrayBuffer(image.data.byteLength));
  data.set(image.data);
  return { ...image, data };
}
