import type { ModelFolders } from '../../../models/model-places.ts';
import { type ModelStore, openModelStore } from '../../../models/store.ts';
import type { Logger } from '../../../pipeline/ports.ts';
import type { CommandContext } from '../command-context.ts';
import { openLog } from '../log.ts';
import { readFileSettings, readSettings, type SettingsOptions } from '../settings-options.ts';

export interface OpenedStore {
  readonly store: ModelStore;
  /** Where it looks. */
  readonly folders: ModelFolders;
}

interface OpenStoreOptions {
  readonly starter?: boolean;
  readonly offline?: boolean;
  readonly log?: Logger;
}

/** Folder of the machine or container image. */
const SYSTEM_DIR = '/models';

/** The weights as every command sees them that works on a facegate of one's own. */
export function openStore(
  options: SettingsOptions,
  context: CommandContext,
  { starter = false, offline = false, log = openLog(options.logLevel ?? 'warn') }: OpenStoreOptions = {},
): OpenedStore {
  // All tenants have the same weights, so none needs to be named; one that is must be there.
  const read = options.tenant === undefined ? readFileSettings : readSettings;
  const { modelsDir, mirrors, modelsFolder } = read(options, context);
  const folders = { dir: modelsDir, folder: modelsFolder, systemDir: SYSTEM_DIR, mirrors };
  return { store: openModelStore({ ...folders, starter, offline, log }), folders };
}
