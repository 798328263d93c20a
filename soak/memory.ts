import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { descendantsOf, isAlive } from '../test/support/child-processes.ts';
import { FaultRtspServer } from '../test/support/fault-rtsp-server.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { requirement } from '../test/support/requirements.ts';
import { RtspServer } from '../test/support/rtsp-server.ts';
import type { PartOptions, PartReport } from './part.ts';
import { peopleClip, peopleVideo } from './people-film.ts';
import { type ProgramReading, readProgram } from './process-reading.ts';
import { SoakServer } from './soak-server.ts';
import { theilSen } from './theil-sen.ts';
import { type Verdict, verdict } from './verdict.ts';
import { windowMinima } from './window-minima.ts';

const CAMERAS = 4;
const RECONNECT_S = 20;
const LOOK_MS = 2000;
const MOST_WARM_UP_MINUTES = 10;
/** Until then a server still grows into its work; of what a run looks at before, only much more than that counts. */
const GROWN_UP_MINUTES = 20;
const MOST_WHILE_GROWING_MB = 10;
const MEGABYTE = 2 ** 20;

export interface MemoryLook extends ProgramReading {
  /** Minutes since the first look. */
  readonly atMinutes: number;
}

/**
 * Four cameras that break off every 20 s, two without a goodbye and two at the end of their film: what the server's memory, file
 * descriptors and children come to with time.
 */
export async function soakMemory({ minutes, progress, signal }: PartOptions): Promise<PartReport> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'facegate-soak-film-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  progress.say('memory: drawing films');
  const clip = await peopleClip(folder);
  const breaking = opened.use(await FaultRtspServer.start({ video: peopleVideo(clip) }));
  // The second that a camera rests after a clean end belongs to the 20 s.
  const ending = requirement('rtsp').met
    ? opened.use(await RtspServer.start({ film: longFilm(clip, RECONNECT_S - 1, join(folder, 'film.mp4')) }))
    : breaking;
  const server = opened.use(
    await SoakServer.start(
      Array.from({ length: CAMERAS }, (_, i) => ({
        id: `camera${i + 1}`,
        url: (i % 2 === 0 ? breaking : ending).url(),
      })),
    ),
  );
  signal.throwIfAborted();
  const hangUps = setInterval(() => breaking.hangUp(), RECONNECT_S * 1000);
  opened.defer(() => clearInterval(hangUps));

  const { pid } = server.facegate;
  const looks: MemoryLook[] = [];
  const startedAt = performance.now();
  for (;;) {
    const atMinutes = (performance.now() - startedAt) / 60_000;
    if (atMinutes >= minutes) break;
    const look = { atMinutes, ...readProgram(pid) };
    looks.push(look);
    progress.say(
      `memory: ${atMinutes.toFixed(1)} of ${minutes} min, ${Math.round(look.residentBytes / MEGABYTE)} MB, ${look.descriptors} descriptors, ${childrenOf(look)} children`,
    );
    await wait(LOOK_MS, undefined, { signal });
  }
  const reconnects = (await server.cameras()).map(({ id, reconnects, fps, state }) => ({
    id,
    state,
    reconnects: reconnects.total,
    analysedFps: fps.analysed,
  }));
  const frozen = (await server.cameraEvents()).filter(({ state }) => state === 'frozen');
  const children = descendantsOf(pid);
  const stoppedAt = performance.now();
  await server.facegate.stop();
  const ended = await server.facegate.ended;
  const left = children.filter(isAlive).length;
  const stopMs = Math.round(performance.now() - stoppedAt);

  const fewest = Math.min(...reconnects.map((camera) => camera.reconnects));
  // Connecting takes its time; a camera that broke off less often was not watched as it should be.
  const wantedReconnects = Math.floor((minutes * 60) / (RECONNECT_S * 1.5)) - 1;
  return {
    part: 'memory',
    verdicts: [
      verdict(
        `reconnects of each of ${CAMERAS} cameras in ${minutes} min`,
        `≥ ${wantedReconnects}`,
        `${fewest} at least`,
        fewest >= wantedReconnects,
      ),
      ...growthVerdicts(looks, minutes),
      verdict('moving cameras called frozen', 'never', `${frozen.length} times`, frozen.length === 0),
      verdict(
        'a normal stop',
        'exit code 0, no child left',
        `exit ${ended} after ${stopMs} ms, ${left} left`,
        ended === 0 && left === 0,
      ),
    ],
    details: { reconnects, looks },
  };
}

/** What the looks after the warm-up say. Growth is the Theil–Sen slope of the lowest value of each window. */
export function growthVerdicts(looks: readonly MemoryLook[], minutes: number): Verdict[] {
  const warmUp = Math.min(MOST_WARM_UP_MINUTES, 0.3 * minutes);
  const warm = looks.filter(({ atMinutes }) => atMinutes >= warmUp);
  const measured = minutes - warmUp;
  // At least one reconnection of every camera in each, and windows enough to tell a line from chance.
  const window = Math.max(0.5, measured / 60);
  const growth = (of: (look: MemoryLook) => number) => {
    const floor = windowMinima(
      warm.map((look) => [look.atMinutes, of(look)] as const),
      window,
    );
    if (floor.length < 3) return null;
    const { slope, low, high } = theilSen(floor);
    return { floor, slope, low, high };
  };
  // A leak lifts floor and ceiling. The floor alone rises where cameras that went all at once come to go one after the other.
  const counted = (of: (look: MemoryLook) => number) => {
    const floor = growth(of);
    const ceiling = growth((look) => -of(look));
    return floor && ceiling && { floor, ceiling, slope: Math.min(floor.slope, -ceiling.slope) };
  };
  const memory = growth(({ residentBytes }) => residentBytes / MEGABYTE);
  const descriptors = counted((look) => look.descriptors);
  const children = counted(childrenOf);
  const after = `, after ${warmUp.toFixed(0)} min`;
  if (!memory || !descriptors || !children) {
    return [
      {
        what: 'growth of memory, file descriptors and children',
        wanted: 'none',
        got: `${measured.toFixed(1)} min are too few to tell`,
        outcome: 'undecided',
      },
      zombieVerdict(looks),
    ];
  }
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
  const [first, last] = [memory.floor[0]![1], memory.floor.at(-1)![1]];
  const whole = (name: string, { slope, floor, ceiling }: NonNullable<typeof descriptors>, most: number) => {
    const grown = slope * measured;
    const span = (at: 0 | -1) => `${floor.floor.at(at)![1]}–${-ceiling.floor.at(at)![1]}`;
    return verdict(
      `${name}${after}`,
      'flat',
      `${span(0)} at first, ${span(-1)} at last (${signed(grown)} in ${measured.toFixed(0)} min)`,
      grown < most,
    );
  };
  return [
    {
      what: `memory of the server (RSS)${after}: Theil–Sen slope of the lowest value of each ${(window * 60).toFixed(0)} s`,
      wanted: '< 1 MB / 10 min',
      got: `${signed(memory.slope * 10)} MB / 10 min (95 %: ${signed(memory.low * 10)} to ${signed(memory.high * 10)}); ${first.toFixed(0)} → ${last.toFixed(0)} MB`,
      outcome: memoryOutcome(memory, minutes),
    },
    whole('file descriptors of the server', descriptors, 2),
    whole('child processes', children, 1),
    zombieVerdict(looks),
  ];
}

/** Slopes are in MB a minute. */
function memoryOutcome({ low, high }: { low: number; high: number }, minutes: number): Verdict['outcome'] {
  if (high * 10 < 1) return 'met';
  const most = minutes < GROWN_UP_MINUTES ? MOST_WHILE_GROWING_MB : 1;
  return low * 10 >= most ? 'missed' : 'undecided';
}

/** One that a look and the next both saw: between its end and `waitpid` every child is a zombie for a moment. */
function zombieVerdict(looks: readonly MemoryLook[]): Verdict {
  const lasting = looks.flatMap(({ zombies }, i) => zombies.filter((pid) => looks[i - 1]?.zombies.includes(pid)));
  const count = new Set(lasting).size;
  return verdict('zombies', 'none', `${count}`, count === 0);
}

function childrenOf({ children }: ProgramReading): number {
  return Object.values(children).reduce((sum, count) => sum + count, 0);
}
