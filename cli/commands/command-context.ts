import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}
