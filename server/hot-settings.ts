import type { Doors } from '../access/doors.ts';
import { AppError } from '../config/app-error.ts';
import { LIVENESS_SCORERS } from '../config/door-settings.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { EventDraft } from '../pipeline/access-event.ts';
import { faultEvent } from '../pipeline/plain-event.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { noteDoorRules, type RuleBook } from './audit/note-rules.ts';

export interface HotSettingsOptions {
  /** Those that facegate was started with. */
  settings: Settings;
  doors: Pick<Doors, 'replace'>;
  audit: RuleBook;
  record(drafts: readonly EventDraft[]): void;
  clock: Clock;
  log: Logger;
}

/** What holds from the moment it is read; everything else needs a restart. */
const HOT = ['doors', 'schedules'] as const satisfies readonly (keyof Settings)[];

/** Takes over what the settings file says now, as far as that can be done while facegate runs. */
export class HotSettings {
  readonly #options: HotSettingsOptions;
  readonly #started: Settings;
  /** As the doors were told last. */
  #hot: string;
  #restartFor = '';

  constructor(options: HotSettingsOptions) {
    this.#options = options;
    this.#started = options.settings;
    this.#hot = hotPart(options.settings);
  }

  /** Everything or, where something is the matter, nothing: then as `refuse`. Never throws. */
  apply(settings: Settings): void {
    const { doors, audit, log } = this.#options;
    try {
      this.#check(settings);
      if (hotPart(settings) !== this.#hot) {
        // First: nobody is let in by a rule that is not written down.
        noteDoorRules(audit, settings, 'settings file');
        const changes = doors.replace(settings);
        this.#hot = hotPart(settings);
        log.info({ doors: changes.map(({ door, kind }) => `${door} ${kind}`) }, 'the doors were taken over');
      } else log.info({}, 'doors and schedules are as they were');
      this.#sayWhatNeedsRestart(settings);
    } catch (error) {
      this.refuse(AppError.from(error));
    }
  }

  /** The file cannot be taken over; everything stays as it was, and that is said. */
  refuse({ code, message }: AppError): void {
    const { record, clock, log } = this.#options;
    log.error({ code }, `the settings stay as they were: ${message}`);
    record([faultEvent(code, null, clock.wallMs())]);
  }

  /** A door that asks for what does not run would open for nobody, and nobody would know why. */
  #check({ doors }: Settings): void {
    if (this.#started.models.scorers.some(({ model }) => LIVENESS_SCORERS.includes(model))) return;
    const index = doors.findIndex(({ liveness }) => liveness);
    if (index < 0) return;
    throw new AppError(
      'CONFIG_INVALID',
      `doors[${index}].liveness needs a liveness network, and none was there at the start: restart facegate`,
    );
  }

  /** What of `settings` differs from those it was started with and is not taken over while it runs. */
  restartNeeded(settings: Settings): (keyof Settings)[] {
    const names = Object.keys(settings) as (keyof Settings)[];
    return names.filter(
      (name) =>
        !(HOT as readonly string[]).includes(name) &&
        JSON.stringify(settings[name]) !== JSON.stringify(this.#started[name]),
    );
  }

  #sayWhatNeedsRestart(settings: Settings): void {
    const changed = this.restartNeeded(settings);
    const restartFor = changed.join(', ');
    if (restartFor !== this.#restartFor && restartFor !== '') {
      this.#options.log.warn({ settings: changed }, `a restart is needed for what changed in ${restartFor}`);
    }
    this.#restartFor = restartFor;
  }
}

function hotPart(settings: Settings): string {
  return JSON.stringify(HOT.map((name) => settings[name]));
}
