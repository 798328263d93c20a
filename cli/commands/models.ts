import { join } from 'node:path';
import type { Command } from 'commander';
import type { CatalogEntry } from '../../models/catalog.ts';
import { AUTO } from '../../models/choose-models.ts';
import { openModelStore } from '../../models/store.ts';
import type { CommandContext } from './command-context.ts';
import { openLog } from './log.ts';
import { addModelsBenchCommand } from './models-bench.ts';
import { addSettingsOptions, readSettings, type SettingsOptions } from './settings-options.ts';

export function addModelsCommand(program: Command, context: CommandContext): void {
  const models = program
    .command('models')
    .summary('what networks there are, and fetch them')
    .description('The networks that facegate knows: which there are, which are here, and how to get them.');
  addSettingsOptions(
    models
      .command('list')
      .summary('what is known, what is here, under which licence')
      .description('Lists the networks: what each is for, whether it is here, its licence, and where it lies.'),
  ).action((options: SettingsOptions) => list(options, context));
  addSettingsOptions(
    models
      .command('pull')
      .summary('fetch weights into the data folder, checked by SHA-256')
      .description('Fetches weights into the data folder and checks them by SHA-256.')
      .argument('[names...]', 'catalog names; default: the two that recognition needs'),
  ).action((names: string[], options: SettingsOptions) => pull(names, options, context));
  addModelsBenchCommand(models, context);
}

function openStore(options: SettingsOptions, context: CommandContext) {
  const { dataDir, mirrors } = readSettings(options, context);
  return openModelStore({
    dir: join(dataDir, 'models'),
    mirrors,
    starter: false,
    log: openLog(options.logLevel ?? 'warn'),
  });
}

async function list(options: SettingsOptions, context: CommandContext): Promise<void> {
  const rows = await openStore(options, context).list();
  context.terminal.table([
    ['NAME', 'TASK', 'HERE', 'LICENCE', 'WHERE'],
    ...rows.map(({ entry, present, path }) => [
      entry.name,
      entry.task,
      present ? 'yes' : 'no',
      entry.licence,
      path ?? howToGet(entry),
    ]),
  ]);
}

function howToGet({ name, builtFrom, url }: CatalogEntry): string {
  if (builtFrom) return 'the demo builds it if need be';
  return url === null ? `bring your own ${name}.onnx (docs/models.md)` : `facegate models pull ${name}`;
}

async function pull(names: string[], options: SettingsOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const store = openStore(options, context);
  const wanted = names.length > 0 ? names : Object.values(AUTO);
  for (const name of wanted) {
    const { path } = await store.resolve(name, {
      onProgress: (done, total) => terminal.progress(`fetching ${name}`, done, total),
    });
    terminal.print(`${name}: ${path}`);
  }
}
