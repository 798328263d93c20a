import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DoorSwitches } from '../../../access/door-switches.ts';
import { isOpen } from '../../../access/schedule.ts';
import type { AllowEntry } from '../../../config/settings-schema.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { CommandContext } from '../command-context.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from '../settings-options.ts';

interface ListOptions extends SettingsOptions {
  json?: boolean;
}

export function addListDoorsCommand(doors: Command, context: CommandContext): void {
  const command = doors
    .command('list')
    .summary('show the doors, whom they open for, and which are locked down')
    .description(
      'Shows every door of the configuration: its cameras, whom it opens for, whether it is open now by its schedule, and whether it is locked down.',
    )
    .option('--json', 'print the list as JSON');
  addSettingsOptions(command).action((options: ListOptions) => list(options, context));
}

function list(options: ListOptions, context: CommandContext): void {
  const { terminal } = context;
  const { settings, dataDir, warnings } = readSettings(options, context);
  for (const warning of warnings) terminal.note(warning);
  const file = join(dataDir, 'doors.db');
  // Where nobody ever locked one down there is none, and looking makes none.
  const switches = existsSync(file) ? new DoorSwitches(file) : null;
  const set = switches?.all() ?? new Map();
  switches?.close();
  const nowMs = systemClock.wallMs();
  const views = settings.doors.map(({ id, name, cameras, allow, schedule }) => {
    const found = set.get(id);
    const lockdown = found?.active
      ? { since: new Date(found.sinceMs).toISOString(), by: found.by, reason: found.reason }
      : null;
    const of = schedule === undefined ? undefined : settings.schedules[schedule];
    return {
      id,
      name: name ?? id,
      cameras,
      allow,
      schedule: schedule ?? null,
      openNow: of ? isOpen(of, nowMs) : true,
      lockdown,
    };
  });
  if (options.json) {
    terminal.print(JSON.stringify(views, null, 2));
    return;
  }
  if (views.length === 0) {
    terminal.note('no door is configured; -c names the configuration file, where doors stand (docs/configuration.md)');
    return;
  }
  terminal.table([
    ['ID', 'CAMERAS', 'OPENS FOR', 'SCHEDULE', 'LOCKED DOWN'],
    ...views.map(({ id, cameras, allow, schedule, openNow, lockdown }) => [
      id,
      cameras.join(','),
      allow.length === 0 ? 'nobody' : allow.map(inWords).join(', '),
      schedule === null ? '–' : `${schedule} (${openNow ? 'open' : 'closed'})`,
      lockdown === null
        ? '–'
        : `since ${lockdown.since} by ${lockdown.by}${lockdown.reason === null ? '' : `: ${lockdown.reason}`}`,
    ]),
  ]);
}

function inWords({ subject, group, schedule }: AllowEntry): string {
  const whom = group === null ? subject : `group ${group}`;
  return schedule === null ? `${whom}` : `${whom} (${schedule})`;
}
