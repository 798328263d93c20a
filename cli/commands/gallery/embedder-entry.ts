import { CATALOG, type EmbedderEntry } from '../../../models/catalog.ts';
import { AUTO } from '../../../models/choose-models.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../models/open-store.ts';
import { readSettings, type SettingsOptions } from '../settings-options.ts';

/**
 * The embedder that the settings name, for a command that embeds nothing: its weights are looked for only where the
 * catalog cannot tell which they are.
 *
 * @throws {AppError} MODEL_UNKNOWN, MODEL_NOT_FOUND
 */
export async function embedderEntry(options: SettingsOptions, context: CommandContext): Promise<EmbedderEntry> {
  const { model } = readSettings(options, context).settings.models.embedder;
  const name = model === 'auto' ? AUTO.embedder : model;
  const known = CATALOG.get(name);
  if (known?.task === 'embedder' && (known.sha256 !== null || known.builtFrom === 'starter')) return known;
  const { entry } = await openStore(options, context, { offline: true }).store.resolve(name, { task: 'embedder' });
  return entry as EmbedderEntry;
}
