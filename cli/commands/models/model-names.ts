import { AppError } from '../../../config/app-error.ts';
import { CATALOG, type CatalogEntry, scorerEntries } from '../../../models/catalog.ts';
import { unknownModel } from '../../../models/unknown-model.ts';

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
    throw unknownModel(name, CATALOG);
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
