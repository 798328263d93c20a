import { expect, it, vi } from 'vitest';
import type { CommandContext } from '../../cli/commands/command-context.ts';
import { readSettings } from '../../cli/commands/settings-options.ts';
import { openTerminal } from '../../cli/commands/terminal.ts';

vi.mock('node:os', async (actual) => ({
  ...(await actual<typeof import('node:os')>()),
  // As it does for a user id that the machine has no name for, where HOME is not set either.
  homedir: () => {
    throw new Error('A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)');
  },
}));

const read = (env: Record<string, string>) =>
  readSettings({}, { env, terminal: openTerminal(), version: '0' } satisfies CommandContext);

it('needs no home directory where something else names the folder', () => {
  expect(read({ FACEGATE_HOME: '/srv/facegate' }).dataDir).toBe('/srv/facegate');
});

it('says what to name where nothing does', () => {
  expect(() => read({})).toThrow(
    'there is no home directory to keep data in; name a folder with --data or FACEGATE_HOME',
  );
});
