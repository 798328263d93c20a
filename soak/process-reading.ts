import { readdirSync, readFileSync } from 'node:fs';
import { descendantsOf, residentBytes } from '../test/support/child-processes.ts';

/** One look at a program from outside (Linux: `/proc`). */
export interface ProgramReading {
  readonly residentBytes: number;
  /** Open file descriptors of the program itself. */
  readonly descriptors: number;
  /** Below it, at any depth, by name. */
  readonly children: Readonly<Record<string, number>>;
  /** Children that have ended and were not reaped. */
  readonly zombies: readonly number[];
}

/** Of one thread or, for the main thread, of the process. */
interface Stat {
  readonly name: string;
  readonly state: string;
  readonly niceness: number;
}

export interface ChildThreads {
  readonly pid: number;
  /** The names of its threads, that of its main thread first. */
  readonly threads: readonly string[];
  /** Of the thread that the kernel favours most. */
  readonly niceness: number;
}

/** @throws ENOENT when there is no such process. */
export function readProgram(pid: number): ProgramReading {
  const children: Record<string, number> = {};
  const zombies: number[] = [];
  for (const child of descendantsOf(pid)) {
    const stat = statOf(`/proc/${child}/stat`);
    if (!stat) continue;
    if (stat.state === 'Z') zombies.push(child);
    children[stat.name] = (children[stat.name] ?? 0) + 1;
  }
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  return { residentBytes: residentBytes(pid), descriptors, children, zombies };
}

/** The threads of every descendant of `pid` that bears this name; one that ends meanwhile is left out. */
export function threadsBelow(pid: number, name: string): ChildThreads[] {
  return descendantsOf(pid).flatMap((child) => {
    if (statOf(`/proc/${child}/stat`)?.name !== name) return [];
    const threads = tasksOf(child);
    if (threads.length === 0) return [];
    return [
      {
        pid: child,
        threads: threads.map((thread) => thread.name),
        niceness: Math.min(...threads.map((thread) => thread.niceness)),
      },
    ];
  });
}

/** −20 to 19; the higher, the sooner it gives way. */
export function nicenessOf(pid: number): number {
  const stat = statOf(`/proc/${pid}/stat`);
  if (!stat) throw new Error(`there is no process ${pid}`);
  return stat.niceness;
}

function tasksOf(pid: number): Stat[] {
  try {
    const ids = readdirSync(`/proc/${pid}/task`).sort((a, b) => Number(a) - Number(b));
    return ids.flatMap((id) => statOf(`/proc/${pid}/task/${id}/stat`) ?? []);
  } catch {
    return [];
  }
}

function statOf(path: string): Stat | null {
  try {
    const text = readFileSync(path, 'utf8');
    // The name, in brackets, may hold spaces and brackets itself.
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    return { name: text.slice(text.indexOf('(') + 1, end), state: fields[0]!, niceness: Number(fields[16]) };
  } catch {
    return null;
  }
}
