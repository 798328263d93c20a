import { join } from 'node:path';
import type { ModelFolders } from '../../../models/model-places.ts';
import { type ModelStore, openModelStore } from '../../../models/store.ts';
import type { CommandContext } from '../command-context.ts';
import { openLog } from '../log.ts';
import { readSettings, type SettingsOptions } from '../settings-options.ts';

export interface OpenedStore {
  readonly store: ModelStore;
  /** Where it looks. */
  readonly folders: ModelFolders;
}

/** Folder of the machine or container image. */
const SYSTEM_DIR = '/models';

/** The weights as every command sees them that works on a facegate of one's own. */
export function openStore(
  options: SettingsOptions,
  context: CommandContext,
  { starter = false, offline = false }: { starter?: boolean; offline?: boolean } = {},
): OpenedStore {
  const { dataDir, mirrors, modelsFolder } = readSettings(options, context);
  const folders = { dir: join(dataDir, 'models'), folder: modelsFolder, systemDir: SYSTEM_DIR, mirrors };
  const log = openLog(options.logLevel ?? 'warn');
  return { store: openModelStore({ ...folders, starter, offline, log }), folders };
}
