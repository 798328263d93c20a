import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LimitMeasure, TenantLimits } from '../tenant-contract.ts';
import type { CgroupLimits, DelegatedCgroup } from './cgroup.ts';
import { nicerBy } from './niceness.ts';
import { processorsOf } from './processor-list.ts';

const MIB = 2 ** 20;

/** How a tenant's process is started so that its limits hold, and what holds them. */
export interface LaunchPlan {
  /** Programs that come before `node` on its command line: `['nice', '-n', '3', 'taskset', '-c', '0']`. */
  readonly before: readonly string[];
  readonly execArgv: readonly string[];
  /** What its cgroup is to hold; null where it gets none. */
  readonly cgroup: CgroupLimits | null;
  /** All its processes together may take this, bytes; watched from outside. null: no limit. */
  readonly watchBytes: number | null;
  readonly measures: readonly LimitMeasure[];
}

export interface Machine {
  /** What can be had of cgroups, or why nothing. */
  readonly cgroup: DelegatedCgroup | { readonly none: string };
  /** Paths of the programs; null where there is none. */
  readonly taskset: string | null;
  readonly nice: string | null;
}

/** Which limits are held how. Pure. */
export function planLaunch(limits: TenantLimits, machine: Machine): LaunchPlan {
  const { cgroup } = machine;
  const has = (controller: 'cpu' | 'cpuset' | 'memory') => 'path' in cgroup && cgroup.controllers.has(controller);
  const why = 'none' in cgroup ? cgroup.none : 'the cgroup lacks the controller';
  const { cpus, cpuShare, memoryBytes } = limits;
  const before: string[] = [];
  const execArgv: string[] = [];
  const measures: LimitMeasure[] = [];
  const held = (limit: LimitMeasure['limit'], by: LimitMeasure['by'], note: string) =>
    measures.push({ limit, by, note });
  const inGroup: { -readonly [K in keyof CgroupLimits]: CgroupLimits[K] } = {
    cpus: null,
    cpuShare: null,
    memoryBytes: null,
  };
  if (cpuShare !== null) {
    const steps = nicerBy(cpuShare);
    if (has('cpu')) {
      inGroup.cpuShare = cpuShare;
      held('cpuShare', 'cgroup', `cpu.weight ${cpuShare}`);
    } else if (steps > 0 && machine.nice) {
      before.push(machine.nice, '-n', String(steps));
      held(
        'cpuShare',
        'niceness',
        `${steps} steps nicer, each process and thread by itself: roughly ${cpuShare} beside 100 (${why})`,
      );
    } else if (steps > 0) held('cpuShare', 'nothing', `there is no program "nice" (${why})`);
    else if (cpuShare > 100) held('cpuShare', 'nothing', `niceness cannot give more than others have (${why})`);
    else held('cpuShare', 'nothing', 'what everybody has');
  }
  if (cpus !== null) {
    if (machine.taskset) {
      // Also with a cgroup: how many networks run side by side is told by the affinity, and is set before the first thread.
      before.push(machine.taskset, '-c', cpus);
      if (has('cpuset')) inGroup.cpus = cpus;
      held(
        'cpus',
        has('cpuset') ? 'cgroup' : 'affinity',
        `processors ${cpus}, ${processorsOf(cpus)?.length ?? 0} of them`,
      );
    } else if (has('cpuset')) {
      inGroup.cpus = cpus;
      held('cpus', 'cgroup', `cpuset.cpus ${cpus}`);
    } else held('cpus', 'nothing', `there is no program "taskset" (${why})`);
  }
  if (memoryBytes !== null) {
    // A heap that wants all of it leaves nothing for pictures and networks.
    const heapMb = Math.floor(memoryBytes / MIB / 2);
    execArgv.push(`--max-old-space-size=${heapMb}`);
    if (has('memory')) {
      inGroup.memoryBytes = memoryBytes;
      held(
        'memory',
        'cgroup',
        `memory.max, and a heap of ${heapMb} MiB; it is drained and started anew before the kernel ends a process`,
      );
    } else {
      held(
        'memory',
        'watch',
        `looked at twice a second: past it, it is drained and started anew; a heap of ${heapMb} MiB (${why})`,
      );
    }
  }
  const needsGroup = Object.values(inGroup).some((value) => value !== null);
  return { before, execArgv, cgroup: needsGroup ? inGroup : null, watchBytes: memoryBytes, measures };
}

/** The programs that hold limits, where they are on this machine. */
export function findOnPath(program: string, pathVariable: string | undefined): string | null {
  for (const folder of (pathVariable ?? '').split(delimiter)) {
    if (folder === '') continue;
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      // The next one.
    }
  }
  return null;
}
