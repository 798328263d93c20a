import { AppError } from '../config/app-error.ts';
import type { AccessEvent } from '../pipeline/access-event.ts';
import type { Clock } from '../pipeline/ports.ts';
import { type DoorSwitch, DoorSwitches, type UnlockAnswer, type UnlockRequest } from './door-switches.ts';
import type { Lockdown } from './door-view.ts';

export interface LockdownStateOptions {
  file: string;
  clock: Clock;
}

/** A switch that another process set. */
export interface SwitchedElsewhere {
  readonly door: string;
  readonly to: DoorSwitch;
}

const TRY_AGAIN_AFTER_MS = 5000;
/** A request to unlock that is older is not fulfilled any more; whoever asked waits a little longer for the answer. */
export const UNLOCK_WITHIN_MS = 2000;

/**
 * Which doors are locked down: what is on disk, kept at hand. While the disk cannot be read, all of them; what was locked
 * down and could not be written stays so in memory, and is written when it can be.
 */
export class LockdownState {
  readonly #file: string;
  readonly #clock: Clock;
  #disk: DoorSwitches | null = null;
  #known = new Map<string, DoorSwitch>();
  #version: number | null = null;
  /** Why the disk cannot be read. */
  #failed: { readonly error: AppError; readonly sinceMs: number } | null = null;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  readonly #unwritten = new Map<string, DoorSwitch>();
  /** The last request to unlock that was seen to. */
  #answered: Pick<UnlockRequest, 'number' | 'askedAtMs'> | null = null;

  constructor({ file, clock }: LockdownStateOptions) {
    this.#file = file;
    this.#clock = clock;
    this.#read();
  }

  isLockedDown(door: string): boolean {
    return this.lockdownOf(door) !== null;
  }

  lockdownOf(door: string): Lockdown | null {
    const set = this.#unwritten.get(door) ?? this.#known.get(door);
    if (set?.active) return { since: iso(set.sinceMs), by: set.by, reason: set.reason };
    if (this.#failed === null) return null;
    return { since: iso(this.#failed.sinceMs), by: 'facegate', reason: this.#failed.error.code };
  }

  /** Whether somebody locked it down, and not only the disk that cannot be read. */
  isOrdered(door: string): boolean {
    return (this.#unwritten.get(door) ?? this.#known.get(door))?.active ?? false;
  }

  /** @throws {AppError} DOOR_STATE_UNAVAILABLE: the order that holds is still not on disk. */
  insist(door: string): void {
    const set = this.#unwritten.get(door);
    if (set) this.#write(door, set);
  }

  /** While it is not, every door is locked down. */
  get isReadable(): boolean {
    return this.#failed === null;
  }

  /** Whether another process wrote since the last look; microseconds. */
  get hasNews(): boolean {
    if (!this.#disk || this.#failed) return false;
    try {
      return this.#disk.version !== this.#version;
    } catch {
      return true;
    }
  }

  /** @throws {AppError} DOOR_STATE_UNAVAILABLE: it holds, and is not on disk. */
  lockDown(door: string, { by, reason }: Pick<DoorSwitch, 'by' | 'reason'>): void {
    const set = { active: true, sinceMs: this.#clock.wallMs(), by, reason };
    this.#unwritten.set(door, set);
    this.#write(door, set);
  }

  /** @throws {AppError} DOOR_STATE_UNAVAILABLE: it stays locked down. */
  release(door: string, { by, reason }: Pick<DoorSwitch, 'by' | 'reason'>): void {
    this.#write(door, { active: false, sinceMs: this.#clock.wallMs(), by, reason });
  }

  /** What other processes did since the last look, and what keeps the disk from being read or written now. */
  look(): { failed: AppError | null; changed: SwitchedElsewhere[]; asked: UnlockRequest[] } {
    const before = this.#known;
    const versionBefore = this.#version;
    if (this.#failed === null || this.#clock.monotonicMs() - this.#triedAtMs >= TRY_AGAIN_AFTER_MS) this.#read();
    let failed = this.#failed?.error ?? null;
    let asked: UnlockRequest[] = [];
    try {
      if (this.#failed === null) for (const [door, set] of this.#unwritten) this.#write(door, set);
      if (this.#disk && this.#version !== versionBefore) asked = this.#disk.unlocksAsked();
    } catch (error) {
      failed ??= AppError.from(error, 'DOOR_STATE_UNAVAILABLE');
    }
    const changed = [...this.#known]
      .filter(([door, to]) => (before.get(door)?.active ?? false) !== to.active)
      .map(([door, to]) => ({ door, to }));
    return { failed, changed, asked };
  }

  /**
   * Runs `unlock` for a request that is young enough, and answers it. Once, also where the answer cannot be written.
   *
   * @throws {AppError} DOOR_STATE_UNAVAILABLE: nobody was answered.
   */
  answer({ number, askedAtMs }: UnlockRequest, unlock: () => AccessEvent): void {
    const last = this.#answered;
    // In a database that was made anew, numbers begin again.
    if (last && number <= last.number && askedAtMs <= last.askedAtMs) return;
    this.#answered = { number, askedAtMs };
    const answer = this.#answerTo(askedAtMs, unlock);
    this.#disk?.answerUnlock(number, answer);
  }

  /** Idempotent. */
  close(): void {
    this.#letGo();
    this.#triedAtMs = Number.POSITIVE_INFINITY;
  }

  #answerTo(askedAtMs: number, unlock: () => AccessEvent): UnlockAnswer {
    try {
      const ageMs = this.#clock.wallMs() - askedAtMs;
      if (!(Math.abs(ageMs) <= UNLOCK_WITHIN_MS)) throw new AppError('REQUEST_INVALID', 'it was asked too long ago');
      return { sequence: unlock().sequence };
    } catch (error) {
      const { code, message } = AppError.from(error);
      return { code, message };
    }
  }

  #read(): void {
    this.#triedAtMs = this.#clock.monotonicMs();
    try {
      this.#disk ??= new DoorSwitches(this.#file);
      const version = this.#disk.version;
      if (this.#failed === null && version === this.#version) return;
      this.#known = this.#disk.all();
      // Of before the reading: a write in between makes the next look read again.
      this.#version = version;
      this.#failed = null;
    } catch (error) {
      this.#letGo();
      const failed = AppError.from(error, 'DOOR_STATE_UNAVAILABLE');
      this.#failed ??= { error: failed, sinceMs: this.#clock.wallMs() };
    }
  }

  /** What is damaged may not even be closed properly; every door is locked down all the same. */
  #letGo(): void {
    const disk = this.#disk;
    this.#disk = null;
    try {
      disk?.close();
    } catch {
      // What was acknowledged is in its write-ahead log.
    }
  }

  #write(door: string, set: DoorSwitch): void {
    if (!this.#disk || this.#failed) {
      throw this.#failed?.error ?? new AppError('DOOR_STATE_UNAVAILABLE', `${this.#file} is closed`);
    }
    this.#disk.set(door, set);
    this.#known = new Map(this.#known).set(door, set);
    this.#unwritten.delete(door);
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
