import { AppError } from '../config/app-error.ts';
import type { ScorerSettings } from '../config/settings-schema.ts';
import { CATALOG, type CatalogEntry, scorerEntries } from './catalog.ts';
import type { ScorerModels } from './processes/inference-pool.ts';
import type { ModelStore, ResolvedModel } from './store.ts';

export interface ChooseScorersOptions {
  readonly scorers: readonly ScorerSettings[];
  readonly store: Pick<ModelStore, 'resolve'>;
  readonly onProgress?: (model: string, done: number, total: number | null) => void;
  /** Default: the built-in one. */
  readonly catalog?: ReadonlyMap<string, CatalogEntry>;
}

/**
 * Has the weights of the scorers that the settings name on this machine when it resolves. A name may stand for several
 * networks, whose answers are averaged.
 *
 * @throws {AppError} CONFIG_INVALID where a name is of a model for something else, or two give the same number; what
 *   `ModelStore.resolve` throws.
 */
export async function chooseScorers(options: ChooseScorersOptions): Promise<ScorerModels[]> {
  const { scorers, store, onProgress, catalog = CATALOG } = options;
  const resolve = (name: string): Promise<ResolvedModel> =>
    store.resolve(name, {
      task: 'scorer',
      ...(onProgress && { onProgress: (done: number, total: number | null) => onProgress(name, done, total) }),
    });
  const chosen: ScorerModels[] = [];
  const givenBy = new Map<string, string>();
  for (const [i, settings] of scorers.entries()) {
    const name = settings.model;
    const names = scorerEntries(name, catalog).map((entry) => entry.name);
    const models: ResolvedModel[] = [];
    for (const each of names.length > 0 ? names : [name]) models.push(await resolve(each));
    for (const { entry } of models) {
      if (entry.task === 'scorer') continue;
      throw new AppError(
        'CONFIG_INVALID',
        `models.scorers[${i}].model must name a model of task "scorer" (${known(catalog)}), got "${name}" of task "${entry.task}"`,
      );
    }
    const entry = models[0]!.entry as Extract<CatalogEntry, { task: 'scorer' }>;
    const other = givenBy.get(entry.scores);
    if (other !== undefined) {
      throw new AppError(
        'CONFIG_INVALID',
        `models.scorers[${i}].model must give another number than the others, got "${name}", which gives "${entry.scores}" as "${other}" does`,
      );
    }
    givenBy.set(entry.scores, name);
    chosen.push({ name, models, settings });
  }
  return chosen;
}

function known(catalog: ReadonlyMap<string, CatalogEntry>): string {
  const names = [...catalog.values()].flatMap((entry) => (entry.task === 'scorer' ? [entry.ensemble] : []));
  return [...new Set(names)].join(', ');
}
