import { verifyModels } from '../../../models/verify-models.ts';
import type { CommandContext } from '../command-context.ts';
import type { SettingsOptions } from '../settings-options.ts';
import { modelNames } from './model-names.ts';
import { openStore } from './open-store.ts';

export interface VerifyOptions extends SettingsOptions {
  readonly json?: boolean;
}

/** Hashes every model file that is here; the process ends with 1 where one is wrong. */
export async function verifyLocalModels(
  names: string[],
  options: VerifyOptions,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const wanted = names.length > 0 ? new Set(modelNames(names)) : null;
  const { folders } = openStore(options, context);
  const verified = await verifyModels({ ...folders, names: wanted });
  if (options.json) terminal.print(JSON.stringify(verified, null, 2));
  else if (verified.length === 0) terminal.note('no model file is here: facegate models pull');
  else {
    terminal.table([
      ['MODEL', 'STATE', 'FILE', 'WHY'],
      ...verified.map(({ model, state, path, why }) => [model ?? '-', state, path, why]),
    ]);
  }
  if (verified.some(({ state }) => state === 'wrong')) process.exitCode = 1;
}
