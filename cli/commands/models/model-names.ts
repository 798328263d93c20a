import { AppError } from '../../../config/app-error.ts';
import { nearestName } from '../../../config/nearest-name.ts';
import { CATALOG, type CatalogEntry, scorerEntries } from '../../../models/catalog.ts';

/**
 * The catalog names that a person means: one name, or the ensemble of several scorers that it stands for.
 *
 * @throws {AppError} MODEL_UNKNOWN, with the nearest name.
 */
export function modelNames(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (CATALOG.has(name)) return [name];
    const members = scorerEntries(name).map((entry) => entry.name);
    if (members.length > 0) return members;
    throw unknown(name);
  });
}

/** @throws {AppError} MODEL_UNKNOWN, with the nearest name; USAGE for an ensemble, whose members it names. */
export function oneModel(name: string): CatalogEntry {
  const [only, ...more] = modelNames([name]);
  if (more.length > 0) {
    throw new AppError('USAGE', `"${name}" stands for several models; name one: ${[only, ...more].join(', ')}`);
  }
  return CATALOG.get(only!)!;
}

function unknown(name: string): AppError {
  const ensembles = [...CATALOG.values()].flatMap((entry) => (entry.task === 'scorer' ? [entry.ensemble] : []));
  const known = [...CATALOG.keys(), ...new Set(ensembles)];
  const nearest = nearestName(name, known);
  const hint = nearest === null ? '' : ` did you mean "${nearest}"?`;
  return new AppError(
    'MODEL_UNKNOWN',
    `model ${JSON.stringify(name)} is not in the catalog;${hint} known are: ${known.join(', ')}`,
  );
}
