import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CameraView } from '../server/server-parts.ts';
import { FaultRtspServer } from '../test/support/fault-rtsp-server.ts';
import { h264Video } from '../test/support/h264-video.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { requirement } from '../test/support/requirements.ts';
import { RtspServer } from '../test/support/rtsp-server.ts';
import type { PartOptions, PartReport } from './part.ts';
import { peopleClip, peopleVideo } from './people-film.ts';
import { nicenessOf, threadsBelow } from './process-reading.ts';
import { type FrameCounts, SoakServer } from './soak-server.ts';
import { type Verdict, verdict } from './verdict.ts';

const GOOD = 7;
const FPS = 1;
const PHASE_S = { short: 20, long: 60 };
const WANTED_SHARE = 0.99;

/** One of the eight cameras, and how it behaves. */
interface Hostility {
  readonly name: string;
  /** What it is asked for, frames a second. */
  readonly fps: number;
  start(): Promise<FaultRtspServer>;
  /** What shows that it did as it should; null where it did not. */
  seen(camera: CameraView, server: FaultRtspServer): string | null;
}

interface Phase {
  readonly name: string;
  /** Frames that the good cameras were asked for: their rate, for as long as was counted. */
  readonly asked: number;
  readonly emitted: number;
  readonly analysed: number;
  readonly evidence: string | null;
}

/**
 * Eight cameras at one frame a second, one of them hostile in turn: of the frames that the seven others emit, how many are analysed;
 * and what each ffmpeg takes from the machine meanwhile.
 */
export async function soakNeighbours({ short, progress, signal }: PartOptions): Promise<PartReport> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'facegate-soak-film-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  progress.say('neighbours: drawing films');
  const clip = await peopleClip(folder);
  const video = peopleVideo(clip);
  const hostilities = hostilitiesOf(video);
  const seconds = short ? PHASE_S.short : PHASE_S.long;
  const urls = await goodCameras({ clip, folder, video, seconds: (hostilities.length + 1) * (seconds + 10), opened });
  const cameras = urls.map((url, i) => ({ id: `good${i + 1}`, url, fps: FPS }));
  const server = opened.use(await SoakServer.start(cameras));
  const { pid } = server.facegate;
  signal.throwIfAborted();
  await runsAll(server, signal);

  const phases: Phase[] = [];
  const ffmpegs = new Ffmpegs();
  /** Watches for as long as a phase lasts. */
  const phase = async (name: string, evidence: () => Promise<string | null>) => {
    const before = await settled(server, signal);
    const from = performance.now();
    for (let second = 0; second < seconds; second += 1) {
      progress.say(`neighbours: ${name}, ${second} of ${seconds} s`);
      await wait(1000, undefined, { signal });
      ffmpegs.look(pid);
    }
    const shown = await evidence();
    const after = await settled(server, signal);
    phases.push({
      name,
      asked: Math.round(((performance.now() - from) / 1000) * GOOD * FPS),
      emitted: after.emitted - before.emitted,
      analysed: after.analysed - before.analysed,
      evidence: shown,
    });
  };

  await phase('nobody is hostile', async () => 'seven cameras only');
  for (const hostility of hostilities) {
    const { name, fps } = hostility;
    progress.say(`neighbours: ${name}`);
    await using hostile = await hostility.start();
    await server.add({ id: 'hostile', url: hostile.url(), fps });
    await phase(name, async () => hostility.seen(await server.camera('hostile'), hostile));
    await server.remove('hostile');
  }
  const events = (await server.cameraEvents()).filter(({ camera }) => camera.startsWith('good'));
  const frozen = events.filter(({ state }) => state === 'frozen');
  return {
    part: 'neighbours',
    verdicts: [
      ...phases.map(phaseVerdict),
      ...ffmpegs.verdicts(nicenessOf(pid)),
      verdict('good cameras called frozen', 'never', `${frozen.length} times`, frozen.length === 0),
    ],
    details: { phases, ffmpegs: ffmpegs.details, events },
  };
}

function phaseVerdict({ name, asked, emitted, analysed, evidence }: Phase): Verdict {
  const what = `8 cameras, ${name}: of the good ones' frames analysed`;
  const share = emitted === 0 ? 0 : analysed / emitted;
  const got = `${(share * 100).toFixed(1)} % (${analysed} of ${emitted} emitted, ${asked} asked for); ${evidence ?? 'the hostile camera was not hostile'}`;
  return verdict(what, `≥ ${WANTED_SHARE * 100} %`, got, share >= WANTED_SHARE && evidence !== null);
}

function hostilitiesOf(video: Buffer): Hostility[] {
  return [
    {
      name: 'one mute',
      fps: FPS,
      start: () => FaultRtspServer.start({ video, fault: 'mute' }),
      seen: ({ code }, { connections }) =>
        code === 'STREAM_TIMEOUT' ? `${connections} connections without an answer` : null,
    },
    {
      name: 'one corrupt',
      fps: FPS,
      start: () => FaultRtspServer.start({ video, fault: 'corrupt' }),
      seen: ({ decodeErrors }) => (decodeErrors > 0 ? `${decodeErrors} decode errors` : null),
    },
    {
      // It is asked for as little as the others, and sends sixty times as much.
      name: 'one at 60 fps',
      fps: FPS,
      start: () => FaultRtspServer.start({ video, fps: 60 }),
      seen: ({ fps }) =>
        (fps.decoded ?? 0) > 40 ? `${Math.round(fps.decoded!)} fps decoded, ${fps.analysed.toFixed(0)} analysed` : null,
    },
    {
      name: 'one in 8K',
      fps: FPS,
      start: () => FaultRtspServer.start({ video: h264Video({ size: '7680x4320', seconds: 2, fps: 1 }), fps: 2 }),
      seen: ({ code }) => (code === 'STREAM_CODEC_UNSUPPORTED' ? 'refused for its size' : null),
    },
    {
      name: 'one that reconnects all the time',
      fps: FPS,
      start: () => FaultRtspServer.start({ video, fault: 'sudden-close' }),
      seen: ({ reconnects }) => (reconnects.total >= 3 ? `${reconnects.total} reconnects` : null),
    },
  ];
}

/** Each its own address at a real RTSP server, or at one of ours where there is none. */
async function goodCameras(o: {
  clip: string;
  folder: string;
  video: Buffer;
  seconds: number;
  opened: AsyncDisposableStack;
}): Promise<string[]> {
  if (requirement('rtsp').met) {
    const film = longFilm(o.clip, o.seconds, join(o.folder, 'film.mp4'));
    const server = o.opened.use(await RtspServer.start({ film }));
    // One server; each client has a player of its own.
    return Array.from({ length: GOOD }, () => server.url());
  }
  const server = o.opened.use(await FaultRtspServer.start({ video: o.video }));
  return Array.from({ length: GOOD }, () => server.url());
}

async function runsAll(server: SoakServer, signal: AbortSignal): Promise<void> {
  for (const until = Date.now() + 60_000; ; ) {
    const cameras = await server.cameras();
    if (cameras.every(({ state, fps }) => state === 'running' && fps.analysed > 0)) return;
    if (Date.now() > until) {
      const waiting = cameras.map(({ id, state, message }) => `${id} ${state} (${message})`).join('; ');
      throw new Error(`the good cameras do not run: ${waiting}`);
    }
    await wait(500, undefined, { signal });
  }
}

/**
 * Counts of the good cameras together. A frame that is being analysed is neither lost nor done, so each camera is looked at for two
 * seconds, and counts where the fewest of its frames were on their way.
 */
async function settled(server: SoakServer, signal: AbortSignal): Promise<FrameCounts> {
  const best = new Map<string, FrameCounts>();
  for (let look = 0; look < 20; look += 1) {
    for (const [camera, now] of await server.frames()) {
      if (!camera.startsWith('good')) continue;
      const known = best.get(camera);
      if (!known || now.emitted - now.analysed <= known.emitted - known.analysed) best.set(camera, now);
    }
    await wait(100, undefined, { signal });
  }
  const sum = (of: (counts: FrameCounts) => number) => [...best.values()].reduce((all, one) => all + of(one), 0);
  return { emitted: sum(({ emitted }) => emitted), analysed: sum(({ analysed }) => analysed) };
}

/** Threads that ffmpeg 7 and later has for each stage; a build before that has one thread for all of them. */
const STAGE = /^(dmx|dec|enc|mux|vf|af|fg)[#\d]/;

/** What was seen of the ffmpegs, second after second. */
class Ffmpegs {
  #seen = new Set<number>();
  #most: readonly string[] = [];
  #lowestNiceness = Number.POSITIVE_INFINITY;

  look(server: number): void {
    for (const { pid, threads, niceness } of threadsBelow(server, 'ffmpeg')) {
      this.#seen.add(pid);
      const own = threads.filter((name) => !STAGE.test(name));
      if (own.length > this.#most.length) this.#most = own;
      this.#lowestNiceness = Math.min(this.#lowestNiceness, niceness);
    }
  }

  get details() {
    return { seen: this.#seen.size, mostThreads: this.#most, lowestNiceness: this.#lowestNiceness };
  }

  verdicts(serverNiceness: number): Verdict[] {
    const threads = this.#most.length;
    return [
      verdict(
        'threads of an ffmpeg (all in /proc/PID/task; of ffmpeg ≥ 7 without those of its stages)',
        '1',
        `${threads} at most (${this.#seen.size} ffmpegs: ${[...new Set(this.#most)].join(', ')})`,
        threads === 1,
      ),
      verdict(
        'priority of each thread of an ffmpeg',
        'below the server',
        `niceness ${this.#lowestNiceness} at least, the server ${serverNiceness}`,
        this.#seen.size > 0 && this.#lowestNiceness > serverNiceness,
      ),
    ];
  }
}
