import { AUTO } from '../../../models/choose-models.ts';
import type { CommandContext } from '../command-context.ts';
import type { SettingsOptions } from '../settings-options.ts';
import { modelNames } from './model-names.ts';
import { openStore } from './open-store.ts';

/** Has the weights on this machine when it resolves, and prints where each file lies. */
export async function pullModels(names: string[], options: SettingsOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const wanted = names.length > 0 ? modelNames(names) : Object.values(AUTO);
  const { store } = openStore(options, context);
  for (const name of wanted) {
    const { path } = await store.resolve(name, {
      onProgress: (done, total) => terminal.progress(`fetching ${name}`, done, total),
    });
    terminal.print(`${name}: ${path}`);
  }
}
