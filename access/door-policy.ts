import type { AllowEntry, DoorSettings, Schedules } from '../config/door-settings.ts';
import { AllowList, type Bearer } from './allow-list.ts';
import { isOpen } from './schedule.ts';

/** Why somebody who is known and valid may not pass. */
export type Refusal = 'not_allowed' | 'outside_schedule';

/** Whom a door opens for, and when: the part of its settings that says who may. */
export class DoorPolicy {
  readonly #list: AllowList;
  readonly #schedule: string | null;
  readonly #schedules: Schedules;

  constructor({ allow, schedule }: Pick<DoorSettings, 'allow' | 'schedule'>, schedules: Schedules) {
    this.#list = new AllowList(allow);
    this.#schedule = schedule ?? null;
    this.#schedules = schedules;
  }

  /** @param atMs wall clock. @returns null where they may pass. */
  refusalOf(bearer: Bearer, atMs: number): Refusal | null {
    const entries = this.entriesFor(bearer);
    if (entries.length === 0) return 'not_allowed';
    const open = this.isOpen(this.#schedule, atMs) && entries.some(({ schedule }) => this.isOpen(schedule, atMs));
    return open ? null : 'outside_schedule';
  }

  entriesFor(bearer: Bearer): readonly AllowEntry[] {
    return this.#list.entriesFor(bearer);
  }

  /** By the schedule of the whole door. */
  isOpenAt(atMs: number): boolean {
    return this.isOpen(this.#schedule, atMs);
  }

  /** `null` is at all times; a name that no schedule bears is never. */
  isOpen(name: string | null, atMs: number): boolean {
    if (name === null) return true;
    const schedule = Object.hasOwn(this.#schedules, name) ? this.#schedules[name] : undefined;
    return schedule !== undefined && isOpen(schedule, atMs);
  }
}
