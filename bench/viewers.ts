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
import { delayRatio, delayRow, type Measurement, median, type Ratio, type Row } from './report.ts';

const CAMERAS = 4;
const FPS = 5;
const SECONDS = 20;
const ROUNDS = 3;
const CLIENTS = 1000;
const PICTURE_CLIENTS = 100;
const SIZE = '1280x720';
const SETTLE_MS = 5000;
/** After counting, what was analysed last is still encoded, and on its way to the clients. */
const ON_THE_WAY_MS = 500;
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
  const { cameras = CAMERAS, fps = FPS, seconds = SECONDS, rounds = ROUNDS, watch = 'one', provider } = options;
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
    const long = longFilm(clip.file, (4 * rounds + 1) * (seconds + 25) + 60, join(dir, 'film.mp4'));
    await using rig = await LiveRig.start({ films: { film: long }, provider });
    const paced = new PacedCameras({ rig, fps, say });
    await paced.set(cameras);
    await wait(SETTLE_MS);
    const phase = (crowd: Crowd | null) => measurePhase({ rig, ids: paced.ids, crowd, seconds, watch });
    const before = await phase(null);
    const pairs = crowds.map((): Pair[] => []);
    const calm = [before];
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, crowd] of crowds.entries()) {
        const crowded = await phase(crowd);
        const after = await phase(null);
        pairs[i]!.push({ with: crowded, without: [calm.at(-1)!, after] });
        calm.push(after);
      }
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
        {
          name: 'nobody watches: analysed',
          values: calm.map(rateOf),
          unit: 'frames/s',
          as: 'limit',
          note: `of ${cameras * fps}`,
        },
        {
          name: 'nobody watches: memory of the server',
          values: calm.map(({ memory }) => memory / MEGABYTE),
          unit: 'MiB',
        },
        delayRow(
          calm.map(({ span }) => span.loopDelayP99Ms),
          'nobody watches: ',
        ),
        ...pairs.flatMap((rounded) => rowsOf(rounded, clientsOf)),
      ],
      ratios: pairs.flatMap((rounded) => ratiosOf(rounded, clientsOf)),
      remarks: [
        `${cameras} cameras of ${SIZE} at 25 frames/s, ${fps} analysed; each client watches ${watch === 'all' ? 'all of them' : 'one, the same number each'}; ${seconds} s each, nobody watching before, between and after`,
        `clients live in ${PROCESSES} processes on the same cores; a frame counts as sent where any client got it, and as missed by each that did not`,
        'memory: resident, of the server’s own process, over that of the time just before, when nobody watched, greatest of all rounds; the first viewer of a camera also pays for what encodes',
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
  if (clients) await wait(ON_THE_WAY_MS);
  const answer = (await clients?.end()) ?? null;
  return { crowd, span, memory: median(memory), answer };
}

type ClientsOf = (clients: number) => (camera: string) => number;
type Pair = { readonly with: Phase; readonly without: readonly [Phase, Phase] };

/** The same crowd in each round. */
function rowsOf(pairs: readonly Pair[], clientsOf: ClientsOf): Row[] {
  const { name } = pairs[0]!.with.crowd!;
  const row = (what: string, of: (phase: Phase, pair: Pair) => number, unit: string, note?: string): Row => ({
    name: `${name}: ${what}`,
    values: pairs.map((pair) => of(pair.with, pair)),
    unit,
    ...(note ? { note } : {}),
  });
  const share = (of: (cpu: Span['cpu']) => number) => (phase: Phase) => of(phase.span.cpu) / phase.span.seconds;
  const framesSeen = ({ answer }: Phase) => [...answer!.frames.values()].reduce((sum, frames) => sum + frames.size, 0);
  const got = ({ answer }: Phase) =>
    [...answer!.frames.values()].flatMap((frames) => [...frames.values()]).reduce((sum, clients) => sum + clients, 0);
  const sent = pairs.reduce((sum, pair) => sum + receipt(pair.with, clientsOf).sent, 0);
  const lost = pairs.reduce((sum, pair) => sum + pair.with.answer!.lost, 0);
  const leftOut = pairs.reduce((sum, pair) => sum + pair.with.span.leftOut, 0);
  const bytes = median(pairs.map(({ with: { answer, span } }) => answer!.bytes / span.seconds / MEGABYTE));
  return [
    row('analysed', rateOf, 'frames/s'),
    row('frames that nobody saw', (phase) => Math.max(0, total(phase.span.analysed) - framesSeen(phase)), 'frames'),
    row('messages', (phase) => got(phase) / phase.span.seconds, '/s', `${bytes.toFixed(1)} MiB/s`),
    row(
      'messages missed',
      (phase) => receipt(phase, clientsOf).missed,
      'messages',
      `of ${sent} in all rounds; ${leftOut} that the server left out; ${lost} clients lost`,
    ),
    row('memory of the server', ({ memory }) => memory / MEGABYTE, 'MiB'),
    delayRow(delaysOf(pairs), `${name}: `),
    row('CPU of the clients', ({ answer, span }) => answer!.cpuSeconds / span.seconds, 'cores', 'not facegate’s'),
    row(
      'CPU of the server',
      share(({ server }) => server),
      'cores',
    ),
    row('CPU of the server before', (_, { without: [before] }) => share(({ server }) => server)(before), 'cores'),
    row(
      'CPU of inference and ffmpeg',
      share(({ inference, ffmpeg }) => inference + ffmpeg),
      'cores',
    ),
    row(
      'CPU of the RTSP server',
      share(({ films }) => films),
      'cores',
      'not facegate’s',
    ),
  ];
}

function ratiosOf(pairs: readonly Pair[], clientsOf: ClientsOf): Ratio[] {
  const { name, clients } = pairs[0]!.with.crowd!;
  const receipts = pairs.map((pair) => receipt(pair.with, clientsOf));
  const sent = receipts.reduce((sum, each) => sum + each.sent, 0);
  const missed = receipts.reduce((sum, each) => sum + each.missed, 0);
  const ratio = (what: string, of: (pair: Pair) => number, wanted: Ratio['wanted']): Ratio => ({
    name: `${name}: ${what}`,
    values: pairs.map(of),
    wanted,
  });
  return [
    // Of all rounds together: a median would hide what one of them missed.
    { name: `${name}: messages got / sent`, values: [sent === 0 ? 0 : 1 - missed / sent], wanted: { atLeast: 1 } },
    // The greatest: the first round pays for what later ones find there, and a median would hide it.
    {
      name: `${name}: memory a client / 1 MiB`,
      values: [
        Math.max(...pairs.map(({ with: phase, without: [before] }) => phase.memory - before.memory)) /
          clients /
          MEGABYTE,
      ],
      wanted: { atMost: 1 },
    },
    ratio(
      'analysed / nobody watching',
      ({ with: phase, without: [before, after] }) => (2 * rateOf(phase)) / (rateOf(before) + rateOf(after)),
      { atLeast: 0.97 },
    ),
    delayRatio(delaysOf(pairs), `${name}: `),
  ];
}

function delaysOf(pairs: readonly Pair[]): number[] {
  return pairs.map(({ with: { span } }) => span.loopDelayP99Ms);
}

/** Messages that were due to the clients, and those that did not come; a frame that nobody got is missed by all who watch its camera. */
function receipt({ crowd, span, answer }: Pick<Phase, 'crowd' | 'span' | 'answer'>, clientsOf: ClientsOf) {
  const of = clientsOf(crowd!.clients);
  let { sent, missed } = missedFrames(answer!.frames, of);
  for (const [camera, analysed] of span.analysed) {
    // Clients began to count before the span and ended after it, so that this finds only what is plainly missing.
    const unseen = Math.max(0, analysed - (answer!.frames.get(camera)?.size ?? 0));
    sent += unseen * of(camera);
    missed += unseen * of(camera);
  }
  // The server knows of each that it left out, also of those that nobody got.
  return { sent, missed: Math.max(missed, span.leftOut) };
}

function rateOf({ span }: Phase): number {
  return total(span.analysed) / span.seconds;
}

function say(text: string): void {
  process.stderr.write(`viewers: ${text}\n`);
}
