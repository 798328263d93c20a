/**
 * The entry of a process that times one piece of work and ends: its peak memory is then that work's alone, and a provider
 * that takes its process with it takes nothing else.
 */
import { AppError } from '../../config/app-error.ts';
import { LocalFaceAnalyser } from '../inference/face-analyser.ts';
import { toWire } from '../processes/process-messages.ts';
import { Session } from '../runtime/session.ts';
import { peakMemoryMb } from './peak-memory.ts';
import type { Timing, TimingAnswer, TimingTask, TimingWork } from './timing-messages.ts';

const FEWEST_RUNS = 5;

process.on('disconnect', () => process.exit(0));
process.once('message', async (task: TimingTask) => {
  const answer = await time(task).then(
    (timing): TimingAnswer => ({ type: 'timed', timing }),
    (error): TimingAnswer => ({ type: 'failed', error: toWire(forPeople(error)) }),
  );
  process.send?.(answer, undefined, undefined, () => process.disconnect());
});

/** What a missing provider's message says already, its cause says again at length. */
function forPeople(error: unknown): unknown {
  const { code, message } = AppError.from(error, 'INFERENCE_FAILED');
  return code === 'MODEL_PROVIDER_UNAVAILABLE' ? new AppError(code, message.trim()) : error;
}

async function time({ work, seconds }: TimingTask): Promise<Timing> {
  const started = performance.now();
  const run = await open(work);
  // What a first run pays for (plans, shaders, pages) is start, not latency.
  let faces = await run();
  const begun = performance.now();
  const times: number[] = [];
  for (let now = begun; times.length < FEWEST_RUNS || now - begun < seconds * 1000; ) {
    faces = await run();
    const end = performance.now();
    times.push(end - now);
    now = end;
  }
  times.sort((a, b) => a - b);
  return {
    runs: times.length,
    p50Ms: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    perSecond: (1000 * times.length) / times.reduce((sum, ms) => sum + ms, 0),
    startMs: begun - started,
    peakMemoryMb: peakMemoryMb(),
    faces,
  };
}

/** @returns does the work once. */
async function open(work: TimingWork): Promise<() => Promise<number | null>> {
  if (work.kind === 'picture') {
    const analyser = await LocalFaceAnalyser.open(work.config);
    return async () => (await analyser.analyse(work.picture, { want: 'embeddings' })).faces.length;
  }
  const { network, shape } = work;
  const { providers, device } = network;
  const session = await Session.open(network.model, { providers, device, warmUp: [shape], timingOnly: true });
  const input = session.input(shape);
  // Zeros would let a runtime skip work; what is sure not to grow to infinity anywhere are small waves.
  for (let i = 0; i < input.data.length; i++) input.data[i] = Math.sin(i * 0.37);
  return async () => {
    await session.run(input);
    return null;
  };
}

/** @param sorted ascending, one at least. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}
