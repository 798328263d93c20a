import { readFileSync } from 'node:fs';
import { ProcessTable, proportionalBytes } from '../../tenants/limits/process-tree.ts';
import { cpuSeconds } from '../live/cpu-time.ts';

/** What a process is for, by its command line. */
export const KINDS = ['server', 'tenant', 'inference', 'ffmpeg'] as const;
export type Kind = (typeof KINDS)[number];

export interface TreeCosts {
  readonly atMs: number;
  /** Bytes by kind: pages that several processes have are divided among them. */
  readonly memory: Readonly<Record<Kind, number>>;
  /** Seconds that those which are alive have used so far, by kind. */
  readonly cpu: Readonly<Record<Kind, number>>;
  readonly processes: Readonly<Record<Kind, number>>;
}

/** A facegate with all that it started. `server`: the process itself, which is the gateway where there are tenants. */
export function treeCosts(pid: number): TreeCosts {
  const none = () => Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  const [memory, cpu, processes] = [none(), none(), none()];
  for (const { pid: each } of treeOf(pid)) {
    const kind = each === pid ? 'server' : kindOf(each);
    memory[kind] += proportionalBytes(each) ?? 0;
    cpu[kind] += cpuSeconds(each);
    processes[kind] += 1;
  }
  return { atMs: performance.now(), memory, cpu, processes };
}

/** Processes that run networks below `pid`, by number. */
export function inferenceProcesses(pid: number): number[] {
  return treeOf(pid)
    .map(({ pid: each }) => each)
    .filter((each) => each !== pid && kindOf(each) === 'inference');
}

/** @returns the sum over all kinds. */
export function sumOf(by: Readonly<Record<Kind, number>>): number {
  return KINDS.reduce((sum, kind) => sum + by[kind], 0);
}

function treeOf(pid: number) {
  const table = ProcessTable.read();
  if (!table) throw new Error('this bench needs Linux: elsewhere nothing tells what processes share');
  return table.treeOf(pid);
}

function kindOf(pid: number): Kind {
  let line = '';
  try {
    line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It is gone, and costs nothing.
  }
  if (line.includes('tenant-process')) return 'tenant';
  return line.includes('inference-process') ? 'inference' : 'ffmpeg';
}
