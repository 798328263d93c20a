import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ProcessTable } from '../tenants/limits/process-tree.ts';
import { descendantsOf, isAlive } from '../test/support/child-processes.ts';
import { FaultRtspServer } from '../test/support/fault-rtsp-server.ts';
import { pictureAt } from '../test/support/people-in-film.ts';
import type { PartOptions, PartReport } from './part.ts';
import { peopleClip, peopleVideo } from './people-film.ts';
import { type ProgramReading, readProgram } from './process-reading.ts';
import { SoakTenants } from './soak-tenants.ts';
import { type CameraCounts, type TenantCounts, TenantWitness } from './tenant-witness.ts';
import { type Verdict, verdict } from './verdict.ts';

const VICTIM = 'attendance';
const OTHERS = ['access', 'batch'] as const;
const ROUNDS = { short: 3, long: 20 };
const BACK_WITHIN_MS = 5000;
/** A tenant that was ready for ten seconds is started again at once, and what was before does not count. */
const STEADY_MS = 11_000;
/** Nothing happens for so long, to see what the machine alone costs. */
const CONTROL_MS = { short: 20_000, long: 60_000 };
const GIVE_UP_MS = 120_000;
/** Past it the victim is ended: its processes take some 600 MiB. */
const VICTIM_MEMORY_MIB = 1536;
const LOOK_AT_MEMORY_EVERY_MS = 20;
/** Of what an RTSP camera emitted; more than in the control period. */
const MAY_DROP = 0.01;
/** Frames of one camera that may be on their way when it is looked. */
const IN_WORK = 3;
/** The gateway's heap breathes. */
const MAY_GROW_BYTES = 30e6;

export type Failure = 'kill' | 'stop' | 'memory' | 'abort';

const FAILURES: Readonly<Record<Failure, { words: string; code: string }>> = {
  kill: { words: 'SIGKILL', code: 'TENANT_DIED' },
  stop: { words: 'SIGSTOP', code: 'TENANT_HUNG' },
  memory: { words: 'memory blow-up', code: 'TENANT_OUT_OF_MEMORY' },
  abort: { words: 'process.abort()', code: 'TENANT_DIED' },
};

interface Round {
  /** From when it failed: where it takes ever more memory, from when it had more than it may. */
  readonly backMs: number;
  /** Until then, where it was only asked to fail. */
  readonly failedAfterMs: number;
  readonly code: string | null;
  /** Processes of the one that failed that were there 10 s after its successor was ready. */
  readonly left: number;
}

/**
 * Three tenants behind the gateway, one of which fails again and again: what the two others notice, how long it is away, and what
 * it leaves behind.
 */
export async function soakTenants(failure: Failure, options: PartOptions): Promise<PartReport> {
  const { short, progress, signal } = options;
  const rounds = options.rounds ?? (short ? ROUNDS.short : ROUNDS.long);
  const { words, code } = FAILURES[failure];
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'facegate-soak-film-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  progress.say(`tenants, ${failure}: three are starting`);
  const clip = await peopleClip(folder);
  const video = peopleVideo(clip);
  const picture = pictureAt(clip, 3);
  const live = opened.use(await FaultRtspServer.start({ video }));
  const tenants = opened.use(await SoakTenants.start(settings(clip, () => live.url())));
  const { pid: gateway } = tenants.facegate;
  const witnesses = OTHERS.map((id) => opened.use(new TenantWitness(tenants.address, id)));
  await Promise.all(witnesses.map((witness) => witness.sees(GIVE_UP_MS, signal)));

  progress.say(`tenants, ${failure}: nobody fails`);
  const quietFrom = await countsOf(witnesses);
  await wait(short ? CONTROL_MS.short : CONTROL_MS.long, undefined, { signal });
  const quietTo = await countsOf(witnesses);
  const before = readProgram(gateway);

  const done: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    progress.say(`tenants, ${failure}: ${round} of ${rounds}`);
    done.push(await fail(failure, { tenants, picture, signal }));
  }
  const after = readProgram(gateway);
  const to = await countsOf(witnesses);
  const numbers = await tenants.eventNumbers(VICTIM);

  const away = done.map(({ backMs }) => backMs).sort((a, b) => a - b);
  const seconds = (ms: number | undefined) => ((ms ?? 0) / 1000).toFixed(1);
  const median = away[Math.floor(away.length / 2)];
  const gaps = numbers.filter((number, i) => number !== i + 1).length;
  const left = done.reduce((sum, round) => sum + round.left, 0);
  const ended = done.filter((round) => round.code === code).length;
  return {
    part: failure,
    verdicts: [
      verdict(
        `${words} of one of three tenants: said what it was`,
        `${code} × ${rounds}`,
        `${ended} times`,
        ended === rounds,
      ),
      verdict(
        `${words}: ready again, by the gateway`,
        `≤ ${BACK_WITHIN_MS / 1000} s`,
        `${seconds(median)} s in the middle, ${seconds(away.at(-1))} s at most, of ${away.length}`,
        (away.at(-1) ?? Number.POSITIVE_INFINITY) <= BACK_WITHIN_MS,
      ),
      verdict(
        `${words}: numbers of its events`,
        '1, 2, 3 … without a gap',
        `${numbers.length} events, ${gaps} gaps`,
        gaps === 0 && numbers.length > rounds,
      ),
      ...OTHERS.flatMap((id, i) =>
        neighbourVerdicts(
          id,
          witnesses[i]!,
          { from: quietTo[i]!, to: to[i]! },
          { from: quietFrom[i]!, to: quietTo[i]! },
        ),
      ),
      verdict('processes left of the one that failed', 'none', `${left}`, left === 0),
      ...gatewayVerdicts(before, after),
    ],
    details: {
      rounds: done,
      counts: [quietFrom, quietTo, to].map((all) => all.map((counts) => Object.fromEntries(counts))),
      before,
      after,
      events: numbers.length,
    },
  };
}

function settings(clip: string, rtsp: () => string): object {
  const of = (id: string, more: object = {}) => ({
    id,
    settings: {
      cameras: [
        { id: `${id}-film`, url: `file:${clip}`, realtime: true, loop: true, fps: 1, width: 640 },
        { id: `${id}-live`, url: rtsp(), fps: 1, width: 640 },
      ],
      // Nobody may enter, and somebody tries all the time: events.
      doors: [{ id: `${id}-door`, cameras: [`${id}-film`], cooldown: '0s', confirm: { matches: 1 } }],
      models: { processes: 1 },
      steps: ['abort', 'grow'].map((step) => fileURLToPath(new URL(`fatal-steps/${step}.ts`, import.meta.url))),
    },
    ...more,
  });
  return {
    server: { port: 0 },
    log: { folder: 'logs', level: 'warn' },
    tenants: [of(VICTIM, { limits: { memory: `${VICTIM_MEMORY_MIB} MiB` } }), ...OTHERS.map((id) => of(id))],
  };
}

async function fail(
  failure: Failure,
  { tenants, picture, signal }: { tenants: SoakTenants; picture: Buffer; signal: AbortSignal },
): Promise<Round> {
  const ready = await tenants.ready(VICTIM, null, GIVE_UP_MS, signal);
  const pid = ready.pid as number;
  await wait(STEADY_MS, undefined, { signal });
  const processes = [pid, ...descendantsOf(pid)];
  const asked = performance.now();
  if (failure === 'kill' || failure === 'stop') process.kill(pid, failure === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  else await tenants.step(VICTIM, failure === 'abort' ? 'abort' : 'grow', picture, GIVE_UP_MS, signal);
  if (failure === 'memory') await takesMoreThanItMay(pid, signal);
  const from = failure === 'memory' ? performance.now() : asked;
  const { lastEnd } = await tenants.ready(VICTIM, pid, GIVE_UP_MS, signal);
  const backMs = performance.now() - from;
  await wait(10_000, undefined, { signal });
  return { backMs, failedAfterMs: from - asked, code: lastEnd?.code ?? null, left: processes.filter(isAlive).length };
}

/** Resolves when its processes take more than its limit, or it is gone. What they share counts twice here: none is overlooked. */
async function takesMoreThanItMay(pid: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const tree = ProcessTable.read()?.treeOf(pid) ?? [];
    const bytes = tree.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    if (tree.length === 0 || bytes > VICTIM_MEMORY_MIB * 2 ** 20) return;
    await wait(LOOK_AT_MEMORY_EVERY_MS, undefined, { signal });
  }
}

function countsOf(witnesses: readonly TenantWitness[]): Promise<TenantCounts[]> {
  return Promise.all(witnesses.map((witness) => witness.counts()));
}

interface Period {
  readonly from: TenantCounts;
  readonly to: TenantCounts;
}

function neighbourVerdicts(id: string, witness: TenantWitness, during: Period, quiet: Period): Verdict[] {
  const film = changeOf(during, `${id}-film`);
  const [live, quietLive] = [changeOf(during, `${id}-live`), changeOf(quiet, `${id}-live`)];
  const [share, quietShare] = [shareOf(live), shareOf(quietLive)];
  const heard = witness.frames(`${id}-film`);
  const { numbers, gaps } = witness.events();
  return [
    verdict(
      `${id}: frames of a film at its own speed`,
      'each one analysed, each one seen',
      `${film.emitted} emitted, ${film.analysed} analysed${reasons(film)}; ${heard.count} seen, ${heard.missing} not; while nobody failed ${total(changeOf(quiet, `${id}-film`))} lost`,
      heard.missing === 0 && heard.count > 0 && total(film) === 0 && film.emitted - film.analysed <= IN_WORK,
    ),
    verdict(
      `${id}: frames of a live camera dropped`,
      `${percent(quietShare)} as before, + ${percent(MAY_DROP)} at most`,
      `${percent(share)} of ${live.emitted}${reasons(live)}`,
      share <= quietShare + MAY_DROP && live.emitted > 0,
    ),
    verdict(`${id}: events seen`, 'each one, in order', `${numbers}, ${gaps} missing`, numbers > 0 && gaps === 0),
    verdict(`${id}: WebSockets that broke off`, 'none', `${witness.brokenOff}`, witness.brokenOff === 0),
  ];
}

/** What came to the counts of a camera. */
function changeOf({ from, to }: Period, camera: string): CameraCounts {
  const [a, b] = [from.get(camera), to.get(camera)];
  if (!a || !b) return { emitted: 0, analysed: 0, dropped: {} };
  const dropped = Object.entries(b.dropped).map(
    ([reason, count]) => [reason, count - (a.dropped[reason] ?? 0)] as const,
  );
  return {
    emitted: b.emitted - a.emitted,
    analysed: b.analysed - a.analysed,
    dropped: Object.fromEntries(dropped.filter(([, count]) => count > 0)),
  };
}

const total = ({ dropped }: CameraCounts): number => Object.values(dropped).reduce((sum, count) => sum + count, 0);
const shareOf = (counts: CameraCounts): number => total(counts) / Math.max(1, counts.emitted);
const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;

function reasons({ dropped }: CameraCounts): string {
  const each = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  return each.length > 0 ? ` (${each.join(', ')})` : '';
}

function gatewayVerdicts(before: ProgramReading, after: ProgramReading): Verdict[] {
  const below = ({ children }: ProgramReading) => Object.values(children).reduce((sum, count) => sum + count, 0);
  const grown = after.residentBytes - before.residentBytes;
  const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
  return [
    verdict(
      'the gateway: file descriptors',
      'as before',
      `${before.descriptors} → ${after.descriptors}`,
      after.descriptors <= before.descriptors + 2,
    ),
    verdict(
      'processes below it, zombies',
      'as before, none',
      `${below(before)} → ${below(after)}, ${after.zombies.length}`,
      below(after) <= below(before) && after.zombies.length === 0,
    ),
    verdict(
      'the gateway: resident memory',
      `+${mb(MAY_GROW_BYTES)} MB at most`,
      `${mb(before.residentBytes)} → ${mb(after.residentBytes)} MB`,
      grown <= MAY_GROW_BYTES,
    ),
  ];
}
