import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { residentBytes } from '../test/support/child-processes.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { encodeFilm } from './live/encode-film.ts';
import { LiveRig, type Span, total } from './live/live-rig.ts';
import { PacedCameras } from './live/paced-cameras.ts';
import { type CrowdAnswer, missedFrames, ViewerCrowd } from './live/viewer-crowd.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { type Measurement, median, type Ratio, type Row } from './report.ts';

const CAMERAS = 4;
const FPS = 5;
const SECONDS = 20;
const CLIENTS = 1000;
const PICTURE_CLIENTS = 100;
const SIZE = '1280x720';
const SETTLE_MS = 5000;
const MEGABYTE = 2 ** 20;
/** Among which a crowd is divided, so that no client is late because of another's work. */
const PROCESSES = 2;

interface Crowd {
  readonly name: string;
  readonly clients: number;
  readonly video: boolean;
}

interface Phase {
  readonly crowd: Crowd | null;
  readonly span: Span;
  /** Resident memory of the server's own process, the median of the phase, bytes. */
  readonly memory: number;
  readonly answer: CrowdAnswer | null;
}

/** Many live clients at once: whether each gets every frame, what they cost in memory, and what in analysed frames. */
export async function measureViewers(options: BenchOptions = {}): Promise<Measurement> {
  const { cameras = CAMERAS, fps = FPS, seconds = SECONDS, watch = 'one' } = options;
  const crowds: Crowd[] = [
    { name: `${options.clients ?? CLIENTS} with JSON`, clients: options.clients ?? CLIENTS, video: false },
    {
      name: `${options.pictureClients ?? PICTURE_CLIENTS} with pictures`,
      clients: options.pictureClients ?? PICTURE_CLIENTS,
      video: true,
    },
  ];
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    say('encoding the film');
    const clip = await encodeFilm({ film: film(), file: join(dir, 'clip.mp4'), size: SIZE, frames: 210 });
    const long = longFilm(clip.file, 5 * (seconds + 30) + 60, join(dir, 'film.mp4'));
    await using rig = await LiveRig.start({ films: { film: long } });
    const paced = new PacedCameras({ rig, fps, say });
    await paced.set(cameras);
    await wait(SETTLE_MS);
    const phase = (crowd: Crowd | null) => measurePhase({ rig, ids: paced.ids, crowd, seconds, watch });
    const before = await phase(null);
    const pairs: { readonly with: Phase; readonly without: readonly [Phase, Phase] }[] = [];
    let without = before;
    for (const crowd of crowds) {
      const crowded = await phase(crowd);
      const after = await phase(null);
      pairs.push({ with: crowded, without: [without, after] });
      without = after;
    }
    const clientsOf = (clients: number) => (camera: string) =>
      watch === 'all'
        ? clients
        : paced.ids.filter((_, i) => i < clients % cameras).includes(camera)
          ? Math.ceil(clients / cameras)
          : Math.floor(clients / cameras);
    return {
      part: 'viewers',
      rows: [
        { name: 'nobody watches: analysed', values: [rateOf(before)], unit: 'frames/s', note: `of ${cameras * fps}` },
        { name: 'nobody watches: memory of the server', values: [before.memory / MEGABYTE], unit: 'MiB' },
        { name: 'nobody watches: delay of the main thread, p99', values: [before.span.loopDelayP99Ms], unit: 'ms' },
        ...pairs.flatMap((pair) => rowsOf(pair, clientsOf)),
      ],
      ratios: pairs.flatMap((pair) => ratiosOf(pair, before.memory, clientsOf)),
      remarks: [
        `${cameras} cameras of ${SIZE} at 25 frames/s, ${fps} analysed; each client watches ${watch === 'all' ? 'all of them' : 'one, the same number each'}; ${seconds} s each, nobody watching before, between and after`,
        `clients live in ${PROCESSES} processes on the same cores; a frame counts as sent where any client got it, and as missed by each that did not`,
        'memory: resident, of the server’s own process, over that before anybody watched',
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measurePhase(o: {
  rig: LiveRig;
  ids: readonly string[];
  crowd: Crowd | null;
  seconds: number;
  watch: 'one' | 'all';
}): Promise<Phase> {
  const { rig, ids, crowd, seconds } = o;
  say(crowd?.name ?? 'nobody watches');
  const addresses = Array.from({ length: crowd?.clients ?? 0 }, (_, i) => {
    const camera = o.watch === 'one' ? `&camera=${ids[i % ids.length]}` : '';
    return `${rig.socketAddress}?video=${crowd?.video ? 1 : 0}${camera}`;
  });
  await using clients = crowd ? await ViewerCrowd.open(addresses, PROCESSES) : null;
  await wait(SETTLE_MS);
  clients?.begin();
  const memory: number[] = [];
  const sampling = (async () => {
    for (const until = performance.now() + seconds * 1000; performance.now() < until; await wait(500))
      memory.push(residentBytes(rig.facegate.pid));
  })();
  const span = await rig.during(sampling);
  const answer = (await clients?.end()) ?? null;
  return { crowd, span, memory: median(memory), answer };
}

type ClientsOf = (clients: number) => (camera: string) => number;
type Pair = { readonly with: Phase; readonly without: readonly [Phase, Phase] };

function rowsOf({ with: { crowd, span, memory, answer }, without }: Pair, clientsOf: ClientsOf): Row[] {
  const { name } = crowd!;
  const { sent, missed } = receipt({ crowd, span, answer }, clientsOf);
  const { server, inference, ffmpeg, films } = span.cpu;
  const share = (used: number) => used / span.seconds;
  const row = (what: string, value: number, unit: string, note?: string): Row => ({
    name: `${name}: ${what}`,
    values: [value],
    unit,
    ...(note ? { note } : {}),
  });
  const counts = [...answer!.frames.values()];
  const seen = counts.reduce((sum, frames) => sum + frames.size, 0);
  const got = counts.flatMap((frames) => [...frames.values()]).reduce((sum, clients) => sum + clients, 0);
  return [
    row(
      'analysed',
      total(span.analysed) / span.seconds,
      'frames/s',
      `${rateOf(without[0]).toFixed(2)} before, ${rateOf(without[1]).toFixed(2)} after`,
    ),
    row('frames that somebody saw', seen, 'frames', `${total(span.analysed)} analysed`),
    row('messages', got / span.seconds, '/s', `${(answer!.bytes / span.seconds / MEGABYTE).toFixed(1)} MiB/s`),
    row('messages missed', missed, 'messages', `of ${sent}; ${answer!.lost} clients lost`),
    row('memory of the server', memory / MEGABYTE, 'MiB'),
    row('delay of the main thread, p99', span.loopDelayP99Ms, 'ms'),
    row('CPU of the clients', share(answer!.cpuSeconds), 'cores', 'not facegate’s'),
    row(
      'CPU of the server',
      share(server),
      'cores',
      `${share(without[0].span.cpu.server * (span.seconds / without[0].span.seconds)).toFixed(2)} before`,
    ),
    row('CPU of inference and ffmpeg', share(inference + ffmpeg), 'cores'),
    row('CPU of the RTSP server', share(films), 'cores', 'not facegate’s'),
  ];
}

function ratiosOf({ with: phase, without }: Pair, memoryBefore: number, clientsOf: ClientsOf): Ratio[] {
  const { name, clients } = phase.crowd!;
  const { sent, missed } = receipt(phase, clientsOf);
  return [
    {
      name: `${name}: messages got / sent`,
      values: [sent === 0 ? 0 : (sent - missed) / sent],
      wanted: { atLeast: 1 },
    },
    {
      name: `${name}: memory a client / 1 MiB`,
      values: [(phase.memory - memoryBefore) / clients / MEGABYTE],
      wanted: { atMost: 1 },
    },
    {
      name: `${name}: analysed / nobody watching`,
      values: [(2 * rateOf(phase)) / (rateOf(without[0]) + rateOf(without[1]))],
      wanted: { atLeast: 0.97 },
    },
    {
      name: `${name}: delay of the main thread, p99 / 20 ms`,
      values: [phase.span.loopDelayP99Ms / 20],
      wanted: { atMost: 1 },
    },
  ];
}

/** Messages that were due to the clients, and those that did not come; a frame that nobody got is missed by all who watch its camera. */
function receipt({ crowd, span, answer }: Pick<Phase, 'crowd' | 'span' | 'answer'>, clientsOf: ClientsOf) {
  const of = clientsOf(crowd!.clients);
  let { sent, missed } = missedFrames(answer!.frames, of);
  for (const [camera, analysed] of span.analysed) {
    // Clients began to count just before the span and ended just after it.
    const unseen = Math.max(0, analysed - (answer!.frames.get(camera)?.size ?? 0));
    sent += unseen * of(camera);
    missed += unseen * of(camera);
  }
  return { sent, missed };
}

function rateOf({ span }: Phase): number {
  return total(span.analysed) / span.seconds;
}

function say(text: string): void {
  process.stderr.write(`viewers: ${text}\n`);
}
