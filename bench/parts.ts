import type { BenchOptions } from './options.ts';
import type { Measurement } from './report.ts';

export interface Part {
  readonly about: string;
  /** Options that it heeds. */
  readonly takes?: readonly (keyof BenchOptions)[];
  /** What `--quick` makes of them: short, and yet of several rounds. */
  readonly quick?: BenchOptions;
  readonly run: (options: BenchOptions) => Promise<Measurement>;
}

export const PARTS: Readonly<Record<string, Part>> = {
  pipeline: {
    about: 'the whole pipeline on a film, beside a bare loop over the same networks and beside a Python script',
    takes: ['rounds', 'frames', 'provider'],
    quick: { rounds: 3, frames: 120 },
    run: async (options) => (await import('./pipeline.ts')).measurePipeline(options),
  },
  rtsp: {
    about: 'a minute of a real RTSP camera at 5 frames a second, and what happens when its film ends',
    run: async () => (await import('./rtsp-minute.ts')).measureRtspMinute(),
  },
  'event-loop': {
    about: 'how late the main thread is while two cameras are analysed at full load',
    takes: ['rounds', 'seconds'],
    run: async (options) => (await import('./event-loop.ts')).measureEventLoop(options),
  },
  cameras: {
    about: 'how many paced 1080p25 cameras are sustained, beside what decoding and networks alone would allow',
    takes: ['rounds', 'seconds', 'trialSeconds', 'fps', 'scene', 'provider'],
    quick: { rounds: 2, seconds: 30, trialSeconds: 8 },
    run: async (options) => (await import('./cameras.ts')).measureCameras(options),
  },
  overload: {
    about:
      'cameras that ask the networks for about twice what they can do: how old pictures get, and who is analysed how often',
    takes: ['seconds', 'fps', 'cameras'],
    quick: { seconds: 30 },
    run: async (options) => (await import('./overload.ts')).measureOverload(options),
  },
  stages: {
    about: 'where the time of a frame goes, stage by stage, from its arrival at ffmpeg to the live client',
    takes: ['rounds', 'seconds', 'fps', 'cameras'],
    quick: { rounds: 2, seconds: 8 },
    run: async (options) => (await import('./stages.ts')).measureStages(options),
  },
  latency: {
    about:
      'how old a picture is when it reaches a live client, by a number drawn into it: one camera, and 80 % of those sustained',
    takes: ['rounds', 'seconds', 'trialSeconds', 'fps', 'cameras', 'provider'],
    quick: { rounds: 3, seconds: 20, trialSeconds: 8 },
    run: async (options) => (await import('./latency.ts')).measureLatency(options),
  },
  events: {
    about:
      'from a face on the camera to the event at a WebSocket, SSE and MQTT client and a webhook, and what that time is spent on',
    takes: ['rounds', 'seconds', 'fps', 'provider'],
    quick: { rounds: 3, seconds: 15 },
    run: async (options) => (await import('./events.ts')).measureEvents(options),
  },
  viewers: {
    about: 'a thousand live clients, and a hundred with pictures: whether each gets every frame, and what they cost',
    takes: ['rounds', 'seconds', 'fps', 'cameras', 'clients', 'pictureClients', 'watch', 'provider'],
    quick: { rounds: 3, seconds: 8 },
    run: async (options) => (await import('./viewers.ts')).measureViewers(options),
  },
  growth: {
    about: 'cost against faces in the picture and against cameras, with the slope beside the networks’ own',
    takes: ['rounds', 'seconds', 'fps', 'provider'],
    quick: { rounds: 3, seconds: 5 },
    run: async (options) => (await import('./growth.ts')).measureGrowth(options),
  },
  isolation: {
    about: 'what it costs a network to live beside others: alone, in threads, in processes; latency and memory',
    takes: ['rounds', 'seconds'],
    quick: { rounds: 3, seconds: 2 },
    run: async (options) => (await import('./isolation.ts')).measureIsolation(options),
  },
  tenants: {
    about:
      'two networks alone, in threads, in processes and in tenants; what one tenant does to others under load and killed; twenty tenants',
    takes: ['rounds', 'seconds', 'tenants'],
    quick: { rounds: 2, seconds: 3 },
    run: async (options) => (await import('./tenants.ts')).measureTenants(options),
  },
  search: {
    about: 'search of galleries of several sizes, beside one pass over their bytes and beside NumPy',
    takes: ['rounds'],
    quick: { rounds: 15 },
    run: async (options) => (await import('./search.ts')).measureSearch(options),
  },
  'stalled-viewer': {
    about: 'what a live viewer that stops reading costs the server and the others',
    run: async () => (await import('./stalled-viewer.ts')).measureStalledViewer(),
  },
};

/** Whether it can be told where its networks run. */
export function takesProvider({ takes = [] }: Part): boolean {
  return takes.includes('provider');
}

/** Those that `all` runs one after the other, and docs/performance.md has the figures of. */
export const FIGURES = [
  'pipeline',
  'cameras',
  'latency',
  'viewers',
  'growth',
  'isolation',
  'tenants',
  'search',
  'stages',
  'events',
  'overload',
] as const;
