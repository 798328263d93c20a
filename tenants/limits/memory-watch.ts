import { proportionalBytes, type TreeProcess } from './process-tree.ts';

/** One that takes too much memory is not to take more while it closes. */
export const OUTGROWN_CLOSES_WITHIN_MS = 5_000;
/** Past its limit by this much, or so soon, it is not waited for. */
const RUNAWAY = 1.5;
const GROWTH_OVER_MS = 2_000;
/** Before the kernel (or nobody) stops it. */
const DRAIN_AT = 0.97;

const MIB = 2 ** 20;

/** Holds all processes of a tenant against its limit. */
export class MemoryWatch {
  readonly #limitBytes: number | null;
  readonly #proportional: (pid: number) => number | null;
  #bytes = 0;
  #looks: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(limitBytes: number | null, proportional: typeof proportionalBytes = proportionalBytes) {
    this.#limitBytes = limitBytes;
    this.#proportional = proportional;
  }

  /** @returns what they take together, bytes. */
  look(tree: readonly TreeProcess[], nowMs: number): number {
    this.#bytes = this.#sum(tree);
    // One from before that time stays, so that there is one to compare with.
    while ((this.#looks[1]?.atMs ?? nowMs) <= nowMs - GROWTH_OVER_MS) this.#looks.shift();
    this.#looks.push({ atMs: nowMs, bytes: this.#bytes });
    return this.#bytes;
  }

  #sum(tree: readonly TreeProcess[]): number {
    const resident = tree.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    // Frames lie in memory that several processes share and each counts; asking properly is dear, and only now needed.
    return this.#isPast(resident) ? this.#shared(tree) : resident;
  }

  get verdict(): 'fine' | 'past' | 'runaway' {
    if (!this.#isPast(this.#bytes)) return 'fine';
    const whenClosed = this.#bytes + this.#growth() * OUTGROWN_CLOSES_WITHIN_MS;
    return whenClosed > (this.#limitBytes as number) * RUNAWAY ? 'runaway' : 'past';
  }

  /** Bytes a millisecond; a single picture is no growth. */
  #growth(): number {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (!first || !last) return 0;
    return Math.max(0, last.bytes - first.bytes) / Math.max(GROWTH_OVER_MS, last.atMs - first.atMs);
  }

  /** For people. */
  words(): string {
    const [took, may] = [this.#bytes, this.#limitBytes ?? 0].map((bytes) => Math.round(bytes / MIB));
    return `its processes take ${took} MiB, and may take ${may}`;
  }

  #isPast(bytes: number): boolean {
    return this.#limitBytes !== null && bytes > this.#limitBytes * DRAIN_AT;
  }

  #shared(tree: readonly TreeProcess[]): number {
    return tree.reduce((sum, { pid, residentBytes }) => sum + (this.#proportional(pid) ?? residentBytes), 0);
  }
}
