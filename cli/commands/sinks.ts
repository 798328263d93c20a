import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { addDeadCommand } from './sinks/dead.ts';
import { addEnableCommand } from './sinks/enable.ts';
import { addListCommand } from './sinks/list.ts';
import { addResendCommand } from './sinks/resend.ts';
import { addSecretCommand } from './sinks/secret.ts';
import { addTestCommand } from './sinks/test.ts';

/** `facegate sinks …`: each subcommand has a file of its own in sinks/, and one line here. */
export function addSinksCommand(program: Command, context: CommandContext): void {
  const sinks = program
    .command('sinks')
    .summary('where events go: webhooks, MQTT, files; what was given up, tried again')
    .description('Where events go besides those who ask for them. A running facegate follows within a second.');
  addListCommand(sinks, context);
  addDeadCommand(sinks, context);
  addResendCommand(sinks, context);
  addEnableCommand(sinks, context);
  addTestCommand(sinks, context);
  addSecretCommand(sinks, context);
}
