import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { DoorSwitches } from '../../../access/door-switches.ts';
import { UNLOCK_WITHIN_MS } from '../../../access/lockdown-state.ts';
import { AppError } from '../../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../../config/error-codes.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';
import { isServed } from './is-served.ts';
import { pickDoors } from './pick-doors.ts';

interface UnlockOptions extends SettingsOptions {
  reason?: string;
}

const LOOK_EVERY_MS = 50;

export function addUnlockCommand(doors: Command, context: CommandContext): void {
  const command = doors
    .command('unlock')
    .summary('open a door once, whoever stands there')
    .description(
      'Has the facegate that runs grant once at a door: every feed hears it, and it is void after two seconds. Refused ' +
        'while the door is locked down.',
    )
    .argument('<door>', 'which door, by its id')
    .option('--reason <text>', 'what for; it stands in the audit log');
  addSettingsOptions(command).action((id: string, options: UnlockOptions) => unlock(id, options, context));
}

async function unlock(id: string, options: UnlockOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { settings, dataDir } = readSettings(options, context);
  pickDoors(settings, [id]);
  if (!isServed(dataDir)) {
    throw new AppError('DOOR_NOT_WATCHED', `no facegate runs on ${dataDir}, so nobody would hear of it`);
  }
  const switches = new DoorSwitches(join(dataDir, 'doors.db'));
  try {
    const askedAtMs = systemClock.wallMs();
    const number = switches.askToUnlock({
      door: id,
      by: commandLineCaller(),
      reason: options.reason ?? null,
      askedAtMs,
    });
    // After that nobody fulfils it any more.
    const untilMs = systemClock.monotonicMs() + UNLOCK_WITHIN_MS + 1000;
    while (systemClock.monotonicMs() < untilMs) {
      const answer = switches.unlockAnswer(number);
      if (answer === null) {
        await sleep(LOOK_EVERY_MS);
        continue;
      }
      if ('sequence' in answer) {
        terminal.print(`${id} is opened (event ${answer.sequence})`);
        return;
      }
      const code = (answer.code in ERROR_CODES ? answer.code : 'INTERNAL') as ErrorCode;
      throw new AppError(code, answer.message);
    }
    throw new AppError('DOOR_NOT_WATCHED', `the facegate that runs on ${dataDir} does not answer; nothing was opened`);
  } finally {
    switches.close();
  }
}
