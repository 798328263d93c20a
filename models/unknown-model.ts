import { AppError } from '../config/app-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import type { CatalogEntry } from './catalog.ts';

/**
 * The error for a name that the catalog does not have, with the nearest one and those there are.
 *
 * @param task what it is to be used for: only such names are told. Default: all.
 */
export function unknownModel(
  name: string,
  catalog: ReadonlyMap<string, CatalogEntry>,
  task: CatalogEntry['task'] | null = null,
): AppError {
  const entries = [...catalog.values()].filter((entry) => task === null || entry.task === task);
  const ensembles = entries.flatMap((entry) => (entry.task === 'scorer' ? [entry.ensemble] : []));
  const known = [...new Set([...entries.map((entry) => entry.name), ...ensembles])];
  const nearest = nearestName(name, known);
  const hint = nearest === null ? '' : `did you mean "${nearest}"? `;
  const which = task === null ? 'known' : `known ${task}s`;
  return new AppError(
    'MODEL_UNKNOWN',
    `model ${JSON.stringify(name)} is not in the catalog; ${hint}${which} are: ${known.join(', ')}`,
  );
}
