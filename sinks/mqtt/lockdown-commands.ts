import { AppError } from '../../config/app-error.ts';
import type { Logger } from '../../pipeline/ports.ts';
import type { ReceivedMessage } from './broker.ts';
import type { DoorNow, DoorsNow } from './surroundings.ts';
import type { Topics } from './topics.ts';

export interface LockdownCommandsOptions {
  readonly topics: Topics;
  readonly doors: Pick<DoorsNow, 'views' | 'lockDown' | 'release'>;
  /** Who did it, for the audit log: `mqtt:ID`. */
  readonly by: string;
  readonly log: Logger;
}

/** `ON` and `OFF` on a door's switch. Whatever is not exactly that does nothing and is counted. */
export class LockdownCommands {
  readonly #options: LockdownCommandsOptions;
  #obeyed = 0;
  #ignored = 0;

  constructor(options: LockdownCommandsOptions) {
    this.#options = options;
  }

  get stats(): { commands: number; commandsIgnored: number } {
    return { commands: this.#obeyed, commandsIgnored: this.#ignored };
  }

  get filter(): string {
    return this.#options.topics.lockdownCommand('+');
  }

  /** Never throws. */
  take({ topic, payload, retained }: ReceivedMessage): void {
    const { doors, topics } = this.#options;
    const door = doors.views().find(({ id }) => topics.lockdownCommand(id) === topic);
    // A command that the broker keeps would be given again at every connection.
    if (retained) this.#ignore('it is retained', door?.id);
    else if (!door) this.#ignore('there is no such door');
    else if (payload !== 'ON' && payload !== 'OFF') this.#ignore('it is neither ON nor OFF', door.id);
    else this.#set(door, payload === 'ON');
  }

  #set({ id }: DoorNow, active: boolean): void {
    const { doors, by, log } = this.#options;
    try {
      // Where nothing changes there is no event and nothing to write, however often it is said: the doors know best.
      if (active) doors.lockDown(id, { by, reason: 'MQTT' });
      else doors.release(id, { by, reason: 'MQTT' });
      this.#obeyed += 1;
    } catch (error) {
      const { code, message } = AppError.from(error);
      this.#ignored += 1;
      log.error({ door: id, code }, `the lock-down switch of "${id}" could not be set over MQTT: ${message}`);
    }
  }

  /** The payload is anybody's; it does not go into the log. The first one is logged, then every hundredth. */
  #ignore(why: string, door?: string): void {
    this.#ignored += 1;
    if (this.#ignored % 100 !== 1) return;
    const fields = { ...(door !== undefined && { door }), ignored: this.#ignored };
    this.#options.log.warn(fields, `a command over MQTT was ignored: ${why}`);
  }
}
