import type { CatalogEntry } from '../../../models/catalog.ts';
import type { CommandContext } from '../command-context.ts';
import type { SettingsOptions } from '../settings-options.ts';
import { openStore } from './open-store.ts';

export interface ListOptions extends SettingsOptions {
  readonly json?: boolean;
}

/** What the catalog knows, what of it is here, where, and under which licence. */
export async function listModels(options: ListOptions, context: CommandContext): Promise<void> {
  const listings = await openStore(options, context).store.list();
  if (options.json) {
    const models = listings.map(({ entry, present, path, bytes, sha256, added }) => ({
      name: entry.name,
      title: entry.title,
      task: entry.task,
      family: entry.family,
      licence: entry.licence,
      here: present,
      path,
      bytes,
      sha256,
      added: added && { from: added.from, at: added.addedAt },
      memoryMb: entry.memoryMb,
      obtain: present ? null : howToGet(entry),
    }));
    context.terminal.print(JSON.stringify(models, null, 2));
    return;
  }
  context.terminal.table([
    ['NAME', 'TASK', 'HERE', 'LICENCE', 'WHERE'],
    ...listings.map(({ entry, present, path, added }) => [
      entry.name,
      entry.task,
      present ? (added ? 'added' : 'yes') : 'no',
      entry.licence,
      path ?? howToGet(entry),
    ]),
  ]);
}

function howToGet({ name, builtFrom, url }: CatalogEntry): string {
  if (builtFrom) return 'the demo builds it if need be';
  return url === null ? `bring your own: facegate models info ${name}` : `facegate models pull ${name}`;
}
