import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderName } from '../config/execution-providers.ts';
import { newWebhookSecret } from '../config/webhook-secret.ts';
import { Mosquitto } from '../test/support/mosquitto.ts';
import { enrolFromPicture, longFilm, pictureAt } from '../test/support/people-in-film.ts';
import { requirement } from '../test/support/requirements.ts';
import { WebhookReceiver } from '../test/support/webhook-receiver.ts';
import { encodeFilm } from './live/encode-film.ts';
import { EVENT_STAGES, EventAccounts, type EventTime } from './live/event-account.ts';
import { EventEars, type Feed } from './live/event-ears.ts';
import { frameLatencyMs } from './live/frame-latency.ts';
import { stripFilters } from './live/frame-number-strip.ts';
import { LiveRig } from './live/live-rig.ts';
import { PictureWatch } from './live/picture-watch.ts';
import type { TraceSpan } from './live/stage-account.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, median, percentile, type Ratio, type Row } from './report.ts';

const FPS = 5;
const SECONDS = 60;
const ROUNDS = 3;
const FILM_FPS = 25;
/** Four times the walk: the film's numbers repeat after 16.8 s. */
const FILM_FRAMES = 420;
const CAMERA = 'camera1';
/** What the first pictures and the first messages pay for. */
const SETTLE_MS = 4000;
/** For what is on its way when the measurement ends. */
const STRAGGLERS_MS = 2000;
/** A trace may last that long. */
const LONGEST_TRACE_S = 600;
/** Ada is in the picture then. */
const ADA_AT_S = 2;

interface Round {
  /** Of events whose frame's number could be read and is in the trace. */
  readonly times: ReadonlyMap<Feed, readonly EventTime[]>;
  /** That any feed told of those frames and this one did not, or only as a replay. */
  readonly missed: ReadonlyMap<Feed, number>;
  readonly events: number;
  /** Left out of all the above: of frames whose number could not be read, or which are not whole in the trace. */
  readonly unaccounted: number;
  readonly ownDelayP99Ms: number;
  readonly loopDelayP99Ms: number;
}

/** How long it takes from a face on the camera to the event at a client of each feed, and what that time is spent on. */
export async function measureEvents(options: BenchOptions = {}): Promise<Measurement> {
  const { fps = FPS, seconds = SECONDS, rounds = ROUNDS, provider } = options;
  await using opened = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  opened.defer(() => rmSync(dir, { recursive: true, force: true }));
  say('drawing and encoding the film');
  const numbered = await encodeFilm({
    film: film(),
    file: join(dir, 'numbered.mp4'),
    size: '1920x1080',
    frames: FILM_FRAMES,
    filters: stripFilters(),
    lowDelay: true,
  });
  const long = longFilm(numbered.file, seconds + 120, join(dir, 'film.mp4'));
  const mosquitto = requirement('mosquitto');
  if (!mosquitto.met) say(`without MQTT: ${mosquitto.why}`);
  const broker = mosquitto.met ? opened.use(await Mosquitto.start()) : null;
  const receiver = await WebhookReceiver.start();
  opened.defer(() => receiver.close());
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}, ${seconds} s`);
    measured.push(await measureRound({ long, mqttPort: broker?.port ?? null, receiver, fps, seconds, provider }));
  }
  const feeds = [...measured[0]!.times.keys()];
  return {
    part: 'events',
    rows: [
      ...feeds.flatMap((feed) => rowsOfFeed(feed, measured)),
      ...rowsOfStages(measured),
      {
        name: 'events without an account',
        values: measured.map(({ unaccounted }) => unaccounted),
        unit: 'events',
        note: 'their frame’s number could not be read, or it is not whole in the trace; in no other row',
      },
      delayRow(measured.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
      {
        name: 'delay of the clients themselves, p99',
        values: measured.map(({ ownDelayP99Ms }) => ownDelayP99Ms),
        unit: 'ms',
      },
    ],
    ratios: [
      ...feeds.flatMap((feed) => ratiosOf(feed, measured)),
      delayRatio(measured.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
    ],
    remarks: [
      ...(mosquitto.met ? [] : [`MQTT was not measured: ${mosquitto.why}`]),
      'from the moment that the event’s frame was due at the camera’s RTSP server, by the number drawn into it, until the event was at a client on this machine; the clients, mosquitto and the RTSP server are on the same cores, and so is the live client with pictures that reads the number',
      'the stages are those that `serve --trace` tells of the event’s own frame; all go by the machine’s monotonic clock. docs/performance.md#events says what each contains',
      'medians of stages do not add up to the median of the sum: each event’s sum is its own',
      `1920×1080 at ${FILM_FPS} frames/s, ${fps} of them analysed; the door answers each picture by itself (\`confirm.matches: 1\`, \`cooldown: 0s\`). A door that asks for 3 matches has let 2 more pictures pass before, ${(2000 / fps).toFixed(0)} ms at this rate`,
    ],
  };
}

async function measureRound(o: {
  long: string;
  mqttPort: number | null;
  receiver: WebhookReceiver;
  fps: number;
  seconds: number;
  provider: ProviderName | undefined;
}): Promise<Round> {
  const { long, mqttPort, receiver, fps, seconds, provider } = o;
  const secret = newWebhookSecret();
  const settings = {
    doors: [{ id: 'lobby', cameras: [CAMERA], allow: ['Ada'], confirm: { matches: 1 }, cooldown: '0s' }],
    sinks: [
      { type: 'webhook', url: receiver.url, secrets: [secret] },
      ...(mqttPort === null ? [] : [{ type: 'mqtt', url: `mqtt://127.0.0.1:${mqttPort}` }]),
    ],
  };
  await using rig = await LiveRig.start({
    films: { [CAMERA]: long },
    cameras: (films) => [{ id: CAMERA, url: films.url(CAMERA), fps }],
    provider,
    settings,
    traceSeconds: LONGEST_TRACE_S,
  });
  await enrolFromPicture(rig.facegate.address, 'Ada', pictureAt(film(), ADA_AT_S));
  await using ears = await EventEars.open({ address: rig.facegate.address, receiver, secret, mqttPort });
  await using watch = await PictureWatch.open(rig.socketAddress);
  await rig.running([CAMERA], SETTLE_MS);
  watch.begin();
  const { loopDelayP99Ms } = await rig.during(seconds);
  const { ownDelayP99Ms } = watch;
  const zeroMs = rig.films.zeroMs(CAMERA);
  if (zeroMs === undefined) throw new Error('the RTSP server did not say when its film began');
  const frames = new Map<number, number | null>();
  for (const { sequence, atMs, number } of await watch.end()) {
    const dueMs =
      number === null
        ? null
        : atMs - frameLatencyMs({ atMs, zeroMs, number, periodFrames: FILM_FRAMES, filmFps: FILM_FPS });
    frames.set(sequence, dueMs);
  }
  await wait(STRAGGLERS_MS);
  // They leave first: a server that stops cuts them off.
  await ears[Symbol.asyncDispose]();
  await rig.facegate.stop();
  const accounts = new EventAccounts(JSON.parse(readFileSync(rig.traceFile, 'utf8')) as TraceSpan[]);
  return roundOf({ ears, frames, accounts, ownDelayP99Ms, loopDelayP99Ms });
}

/** @param o.frames when each was due, by its sequence; null where its number could not be read. */
function roundOf(o: {
  ears: EventEars;
  frames: ReadonlyMap<number, number | null>;
  accounts: EventAccounts;
  ownDelayP99Ms: number;
  loopDelayP99Ms: number;
}): Round {
  const { ears, frames, accounts, ownDelayP99Ms, loopDelayP99Ms } = o;
  const all = new Set<string>();
  const unaccounted = new Set<string>();
  const times = new Map<Feed, EventTime[]>();
  for (const [feed, heard] of ears.heard) {
    const own: EventTime[] = [];
    times.set(feed, own);
    for (const [id, each] of heard) {
      const { frameSequence, replay } = each.event;
      const dueMs = frameSequence === null ? undefined : frames.get(frameSequence);
      if (dueMs === undefined) continue;
      const time = dueMs === null ? null : accounts.of(each, dueMs);
      if (time === null) unaccounted.add(id);
      else all.add(id);
      if (time !== null && !replay) own.push(time);
    }
    if (own.length === 0) throw new Error(`no event of a frame that was read came to the ${feed} client`);
  }
  const missed = new Map([...times].map(([feed, own]) => [feed, all.size - own.length]));
  return { times, missed, events: all.size, unaccounted: unaccounted.size, ownDelayP99Ms, loopDelayP99Ms };
}

const PERCENTILES = [50, 99] as const;

function rowsOfFeed(feed: Feed, rounds: readonly Round[]): Row[] {
  const events = rounds.reduce((sum, round) => sum + round.events, 0);
  const row = (name: string, of: (round: Round) => number, unit: string, note?: string): Row => ({
    name: `${feed}: ${name}`,
    values: rounds.map(of),
    unit,
    ...(note ? { note } : {}),
  });
  const at = (p: number, of: (time: EventTime) => number) => (round: Round) =>
    percentile(round.times.get(feed)!.map(of), p);
  return [
    row(
      'from the camera, p50',
      at(50, ({ wholeMs }) => wholeMs),
      'ms',
      `${events} events in all rounds`,
    ),
    row(
      'from the camera, p99',
      at(99, ({ wholeMs }) => wholeMs),
      'ms',
    ),
    row(
      'since capturedAt, p50',
      at(50, ({ sinceCapturedMs }) => sinceCapturedMs),
      'ms',
      'by facegate’s own word',
    ),
    row(
      'since capturedAt, p99',
      at(99, ({ sinceCapturedMs }) => sinceCapturedMs),
      'ms',
    ),
    row(
      'from the event log, p50',
      at(50, ({ stages }) => stages.feed),
      'ms',
      'on disk until at the client',
    ),
    row(
      'from the event log, p99',
      at(99, ({ stages }) => stages.feed),
      'ms',
    ),
    row(
      'sum of the stages, p50',
      at(50, ({ sumMs }) => sumMs),
      'ms',
    ),
    row('not told, or only as a replay', ({ missed }) => missed.get(feed)!, 'events'),
  ];
}

/** All but the feed, which is a row of each: up to there every event of a frame went the same way. */
function rowsOfStages(rounds: readonly Round[]): Row[] {
  const timesOf = ({ times }: Round) => [...times.values()][0]!;
  const wholes = median(rounds.map((round) => median(timesOf(round).map(({ wholeMs }) => wholeMs))));
  const [first] = rounds[0]!.times.keys();
  return EVENT_STAGES.filter((stage) => stage !== 'feed').flatMap((stage) =>
    PERCENTILES.map((p): Row => {
      const values = rounds.map((round) =>
        percentile(
          timesOf(round).map(({ stages }) => stages[stage]),
          p,
        ),
      );
      const share = (100 * median(values)) / wholes;
      return {
        name: `${stage}, p${p}`,
        values,
        unit: 'ms',
        ...(p === 50 ? { note: `${share.toFixed(1)} % of what it takes to the ${first} client` } : {}),
      };
    }),
  );
}

function ratiosOf(feed: Feed, rounds: readonly Round[]): Ratio[] {
  const ratio = (name: string, of: (time: EventTime) => number): Ratio => ({
    name: `${feed}, median: ${name}`,
    values: rounds.map(({ times }) => median(times.get(feed)!.map(of))),
    wanted: { atLeast: 0.95 },
  });
  return [
    ratio('sum of the stages / the whole', ({ sumMs, wholeMs }) => sumMs / wholeMs),
    ratio('the whole / sum of the stages', ({ sumMs, wholeMs }) => wholeMs / sumMs),
  ];
}

function say(text: string): void {
  process.stderr.write(`events: ${text}\n`);
}
