import type { Command } from 'commander';
import { commandLine } from '../../cli/commands/program.ts';
import { openTerminal } from '../../cli/commands/terminal.ts';

export interface ParsedCommand {
  /** Like `gallery export`. */
  readonly command: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly args: readonly unknown[];
}

/**
 * What the real command line makes of these arguments, without doing it.
 *
 * @throws CommanderError where a command or option is not known.
 */
export async function parseCommand(args: readonly string[]): Promise<ParsedCommand> {
  const program = commandLine({ terminal: openTerminal(), version: '0.0.0', env: {} });
  let parsed: ParsedCommand | undefined;
  const arm = (command: Command, path: string[]) => {
    for (const child of command.commands) {
      const name = [...path, child.name()];
      if (child.commands.length > 0) arm(child, name);
      else {
        child.action((...given: unknown[]) => {
          // Commander hands over the arguments, the options and the command itself.
          parsed = { command: name.join(' '), options: child.opts(), args: given.slice(0, -2) };
        });
      }
    }
  };
  arm(program, []);
  await program.parseAsync([...args], { from: 'user' });
  if (!parsed) throw new Error(`no command in: ${args.join(' ')}`);
  return parsed;
}
