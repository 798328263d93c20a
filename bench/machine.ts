import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

/** On what it was measured; nothing in it names a person, a folder or a host. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** How the processor's clock is governed; null where the system does not say. */
  readonly governor: string | null;
  readonly system: string;
  readonly node: string;
  readonly ffmpeg: string | null;
  readonly onnxruntime: string | null;
}

/** What else the machine did meanwhile. */
export interface Conditions {
  /** When it was finished, ISO 8601. */
  readonly at: string;
  /** Of the whole part; null in figures that were kept before it was noted. */
  readonly seconds: number | null;
  /** Of the minute before; null where the system has none. */
  readonly loadBefore: number | null;
  /** Shares of all cores’ time, 0..1: taken by the bench with all that it started, by other programs, and by other machines on the same host. Null where the system does not tell. */
  readonly ownShare: number | null;
  readonly othersShare: number | null;
  readonly stolenShare: number | null;
}

/** From here on figures are said not to count. */
const BUSY_SHARE = 0.05;
const STOLEN_SHARE = 0.02;
/** Of a look at what goes on before anything is measured. */
const LOOK_MS = 1000;
/** Of the kernel's clock in `/proc`: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

export function describeMachine(): Machine {
  const all = cpus();
  const governor = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    governor: existsSync(governor) ? readFileSync(governor, 'utf8').trim() : null,
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    ffmpeg: ffmpegVersion(),
    onnxruntime: (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version,
  };
}

/** One line for the head of what is printed. */
export function machine(): string {
  return `on this machine: ${machineLine(describeMachine())}`;
}

export function machineLine({ cpu, cores, memoryGiB, governor, system, node, ffmpeg, onnxruntime }: Machine): string {
  return [
    `${cores} × ${cpu}`,
    `${memoryGiB} GiB`,
    ...(governor ? [`governor ${governor}`] : []),
    system,
    `Node ${node}`,
    ...(ffmpeg ? [`ffmpeg ${ffmpeg}`] : []),
    ...(onnxruntime ? [`onnxruntime ${onnxruntime}`] : []),
  ].join(', ');
}

/** Begins to look at what else the machine does. @returns ends it. */
export async function watchMachine(): Promise<() => Promise<Conditions>> {
  const [loadBefore] = process.platform === 'win32' ? [null] : loadavg();
  const started = performance.now();
  const before = look();
  // Children of what was measured end a little later than it.
  return async () => {
    await wait(200);
    const after = look();
    const all = before && after ? after.all - before.all : 0;
    const share = (of: 'busy' | 'own' | 'stolen') =>
      before && after && all > 0 ? Math.max(0, after[of] - before[of]) / all : null;
    const [busy, own] = [share('busy'), share('own')];
    return {
      at: new Date().toISOString(),
      seconds: (performance.now() - started) / 1000,
      loadBefore: loadBefore ?? null,
      ownShare: own,
      othersShare: busy === null || own === null ? null : Math.max(0, busy - own),
      stolenShare: share('stolen'),
    };
  };
}

/** What is said of the machine before anything is measured: its load, and what it does within a second. */
export async function machineNow(): Promise<Conditions> {
  const end = await watchMachine();
  await wait(LOOK_MS);
  return end();
}

/** Why figures measured under these conditions do not count; empty when they do. */
export function troubles({ othersShare, stolenShare }: Pick<Conditions, 'othersShare' | 'stolenShare'>): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    ...(othersShare !== null && othersShare > BUSY_SHARE
      ? [`other programs took ${percent(othersShare)} of the cores`]
      : []),
    ...(stolenShare !== null && stolenShare > STOLEN_SHARE
      ? [`${percent(stolenShare)} of the cores’ time was stolen by other machines on this host`]
      : []),
  ];
}

interface Look {
  /** Seconds of all cores together. */
  readonly all: number;
  readonly busy: number;
  readonly stolen: number;
  /** Of this program and all its children that have ended. */
  readonly own: number;
}

function look(): Look | null {
  try {
    const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
    // user nice system idle iowait irq softirq steal; guests are part of user.
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = first
      .trim()
      .split(/\s+/)
      .slice(1)
      .map((ticks) => Number(ticks) / TICKS_A_SECOND);
    const busy = user + nice + system + irq + softirq;
    return { all: busy + idle + iowait + steal, busy, stolen: steal, own: ownSeconds() };
  } catch {
    return null;
  }
}

function ownSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / TICKS_A_SECOND, 0);
}

function ffmpegVersion(): string | null {
  try {
    return /^ffmpeg version (\d[\w.]*)/.exec(execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }))?.[1] ?? null;
  } catch {
    return null;
  }
}
