import { readdirSync, readFileSync } from 'node:fs';

/** One process, told from a later one of the same number by when it began. */
export interface TreeProcess {
  readonly pid: number;
  /** Clock ticks since the machine started. */
  readonly startTicks: string;
  readonly residentBytes: number;
  /** `R`, `S`, `T` (stopped) … as proc(5) has it. */
  readonly state: string;
}

interface Row extends TreeProcess {
  readonly parent: number;
}

/** 4096 on most machines; told by what Node says of this process, since no file does. */
let pageBytes: number | null = null;
function bytesOfPages(pages: number): number {
  pageBytes ??= [4096, 16_384, 65_536].toSorted((a, b) => off(a) - off(b))[0] as number;
  return pages * pageBytes;
}

function off(page: number): number {
  const pages = Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]);
  return Math.abs(Math.log(process.memoryUsage.rss() / (pages * page)));
}

/** What runs on this machine, looked at once; null where the kernel does not tell (not Linux). */
export class ProcessTable {
  readonly #children: ReadonlyMap<number, readonly Row[]>;
  readonly #rows: ReadonlyMap<number, Row>;

  private constructor(rows: readonly Row[]) {
    this.#rows = new Map(rows.map((row) => [row.pid, row]));
    this.#children = Map.groupBy(rows, ({ parent }) => parent);
  }

  static read(): ProcessTable | null {
    if (process.platform !== 'linux') return null;
    return new ProcessTable(
      readdirSync('/proc').flatMap((name) => {
        const row = /^\d+$/.test(name) ? readProcess(Number(name)) : null;
        return row ? [row] : [];
      }),
    );
  }

  /** `pid` and everything below it, at any depth; nothing where it is gone. */
  treeOf(pid: number): TreeProcess[] {
    const root = this.#rows.get(pid);
    if (!root) return [];
    const found: Row[] = [root];
    // It grows while it is gone through.
    for (const { pid: parent } of found) found.push(...(this.#children.get(parent) ?? []));
    return found;
  }
}

/** null where it is gone, also where it is but not reaped yet. */
export function readProcess(pid: number): Row | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name, in brackets, may hold spaces and brackets itself. After it: state, ppid, …; starttime is 20th, rss 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = ''] = fields;
  if (state === 'Z' || state === 'X') return null;
  return {
    pid,
    state,
    parent: Number(parent),
    startTicks: fields[19] ?? '',
    residentBytes: bytesOfPages(Number(fields[21] ?? 0)),
  };
}

/** What a process takes when shared pages are divided among those that share them; null where nobody tells. */
export function proportionalBytes(pid: number): number | null {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

/** Ends what is left of `processes` at once; whoever has the number of one meanwhile is left alone. */
export function endLeftovers(processes: readonly TreeProcess[]): number[] {
  const left = processes.filter(({ pid, startTicks }) => readProcess(pid)?.startTicks === startTicks);
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It went by itself just now.
    }
  }
  return left.map(({ pid }) => pid);
}
