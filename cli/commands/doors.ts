import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { addListDoorsCommand } from './doors/list.ts';
import { addSwitchCommands } from './doors/switch.ts';
import { addTestDoorCommand } from './doors/test.ts';
import { addUnlockCommand } from './doors/unlock.ts';

/** `facegate doors …`: each subcommand has a file of its own in doors/, and one line here. */
export function addDoorsCommand(program: Command, context: CommandContext): void {
  const doors = program
    .command('doors')
    .summary('the doors: whom they open for and why, lock them down, open one by hand')
    .description(
      'The doors of the configuration. All of it works beside a running facegate, which follows within a second.',
    );
  addListDoorsCommand(doors, context);
  addTestDoorCommand(doors, context);
  addSwitchCommands(doors, context);
  addUnlockCommand(doors, context);
}
