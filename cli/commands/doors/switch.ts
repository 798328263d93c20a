import { join } from 'node:path';
import type { Command } from 'commander';
import { DoorSwitches } from '../../../access/door-switches.ts';
import { openEventLog } from '../../../access/event-log.ts';
import { switchEvent } from '../../../access/switch-event.ts';
import { AppError } from '../../../config/app-error.ts';
import type { EventDraft } from '../../../pipeline/access-event.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { openAuditLog } from '../../../storage/audit-log.ts';
import type { CommandContext } from '../command-context.ts';
import { commandLineCaller } from '../command-line-caller.ts';
import { openLog } from '../log.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';
import { whileNobodyServes } from './is-served.ts';
import { pickDoors } from './pick-doors.ts';

interface SwitchOptions extends SettingsOptions {
  all?: boolean;
  reason?: string;
}

export function addSwitchCommands(doors: Command, context: CommandContext): void {
  const add = (name: 'lockdown' | 'release', summary: string, description: string) => {
    const command = doors
      .command(name)
      .summary(summary)
      .description(`${description} Holds over restarts; a running facegate follows within a second.`)
      .argument('[door...]', 'which doors, by their ids')
      .option('--all', 'every door of the configuration')
      .option('--reason <text>', 'what for; it stands in the audit log and in the event');
    addSettingsOptions(command).action((ids: string[], options: SwitchOptions) =>
      set(name === 'lockdown', ids, options, context),
    );
  };
  add(
    'lockdown',
    'lock doors down: nothing opens them until they are released',
    'Locks doors down: nobody is granted, and nobody can open them by hand.',
  );
  add('release', 'end a lock-down', 'Ends a lock-down.');
}

function set(active: boolean, ids: readonly string[], options: SwitchOptions, context: CommandContext): void {
  const { terminal } = context;
  const { settings, dataDir, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const all = settings.doors.map(({ id }) => id);
  if ((ids.length === 0) === (options.all !== true)) {
    throw new AppError(
      'USAGE',
      `say which door, or --all; ${all.length === 0 ? 'no door is configured (is --config missing?)' : `known are ${all.join(', ')}`}`,
    );
  }
  const doors = pickDoors(settings, options.all ? all : ids);
  const by = commandLineCaller();
  const reason = options.reason ?? null;
  using opened = new DisposableStack();
  const audit = opened.adopt(openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock }), (log) =>
    log.close(),
  );
  const switches = opened.adopt(new DoorSwitches(join(dataDir, 'doors.db')), (each) => each.close());
  const before = switches.all();
  const drafts: EventDraft[] = [];
  // Told by the facegate that runs, which sees what changed; by us where none does.
  const turn = () => {
    for (const { id } of doors) {
      if ((before.get(id)?.active ?? false) === active) {
        terminal.note(`${id} ${active ? 'is locked down already' : 'is not locked down'}`);
        continue;
      }
      const action = active ? 'door.locked_down' : 'door.released';
      const deeds = [
        () => switches.set(id, { active, sinceMs: systemClock.wallMs(), by, reason }),
        () => audit.record({ action, by, subject: null, details: { door: id, reason } }),
      ];
      // Nothing is opened that is not written down; what is to be shut is shut first.
      for (const deed of active ? deeds : deeds.reverse()) deed();
      drafts.push(switchEvent(action, id, { by, reason }, systemClock.wallMs()));
      terminal.print(`${id} is ${active ? 'locked down' : 'released'}`);
    }
  };
  const told = whileNobodyServes(dataDir, () => {
    turn();
    const log = openLog('warn');
    const events = openEventLog({ file: join(dataDir, 'events.db'), clock: systemClock, log });
    try {
      events.appendAll(drafts);
    } finally {
      void events.close();
    }
  });
  if (told === 'served') turn();
}
