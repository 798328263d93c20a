import { readProcess } from './limits/process-tree.ts';
import type { TenantState } from './tenant-contract.ts';

/** How often the watch looks. */
export const TICK_MS = 500;
/** Ticks of this program without a beat of the tenant, not seconds: while this one was held up itself, nobody was silent. */
const SILENT_TICKS = 4000 / TICK_MS;
/** Opening a large gallery or bringing a database up to date holds its thread. */
const SILENT_TICKS_AT_START = 60_000 / TICK_MS;
/** SIGSTOP. Twice in a row: a debugger or a shell may do it for a moment. */
const STOPPED_TICKS = 2;

/** Whether a tenant's process still does anything, by what it says and by what the kernel says of it. */
export class BeatWatch {
  #silent = 0;
  #stopped = 0;

  /** Something came from it. */
  heard(): void {
    this.#silent = 0;
  }

  /**
   * @param stateOf the kernel's letter for a process (proc(5)); null where nobody tells.
   * @returns true where it is to be killed.
   */
  tick(pid: number, state: TenantState, stateOf = (of: number) => readProcess(of)?.state ?? null): boolean {
    this.#silent++;
    this.#stopped = stateOf(pid) === 'T' ? this.#stopped + 1 : 0;
    if (this.#stopped >= STOPPED_TICKS) return true;
    // Closing has a deadline of its own.
    if (state === 'draining') return false;
    return this.#silent > (state === 'ready' ? SILENT_TICKS : SILENT_TICKS_AT_START);
  }

  /** For people: what is the matter. */
  why(): string {
    if (this.#stopped >= STOPPED_TICKS) return 'was stopped (SIGSTOP)';
    return `has said nothing for ${(this.#silent * TICK_MS) / 1000} s`;
  }
}
