import { join } from 'node:path';
import type { Settings } from '../../../config/settings-schema.ts';
import type { ModelFolders } from '../../../models/model-places.ts';
import { type ModelStore, openModelStore } from '../../../models/store.ts';
import type { Logger } from '../../../pipeline/ports.ts';
import type { CommandContext } from '../command-context.ts';
import { openLog } from '../log.ts';
import { readSettings, type SettingsOptions } from '../settings-options.ts';

export interface OpenedStore {
  readonly store: ModelStore;
  readonly settings: Settings;
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
  const { dataDir, mirrors, modelsFolder, settings } = readSettings(options, context);
  const folders = { dir: join(dataDir, 'models'), folder: modelsFolder, systemDir: SYSTEM_DIR, mirrors };
  return { store: openModelStore({ ...folders, starter, offline, log }), folders, settings };
}
