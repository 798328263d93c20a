import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { TIMING_NETWORKS } from '../../models/architectures/timing-networks.ts';
import type { CatalogEntry } from '../../models/catalog.ts';
import { letterbox } from '../../models/detectors/letterbox.ts';
import type { ModelListing, ResolvedModel } from '../../models/store.ts';

/** A network that can be timed here. */
export interface TimedModel {
  readonly entry: CatalogEntry;
  /** It is not here: its true architecture is, with random numbers. */
  readonly randomWeights: boolean;
  /** Where its file lies; null: it is built when its turn comes. */
  readonly path: string | null;
}

/**
 * What there is to be timed: every network that is here, and of those that are not the ones whose architecture is known.
 *
 * @param names catalog names; empty: all.
 * @param big whether networks that are not here are built with random weights.
 * @throws {AppError} MODEL_UNKNOWN, MODEL_NOT_FOUND for a name that cannot be timed.
 */
export function timedModels(listings: readonly ModelListing[], names: readonly string[], big: boolean): TimedModel[] {
  const timed = listings.flatMap(({ entry, present, path }): TimedModel[] => {
    if (present && path !== null) return [{ entry, randomWeights: false, path }];
    return big && entry.name in TIMING_NETWORKS ? [{ entry, randomWeights: true, path: null }] : [];
  });
  if (names.length === 0) return timed;
  return [...new Set(names)].map((name) => {
    const found = timed.find(({ entry }) => entry.name === name);
    if (found) return found;
    if (listings.some(({ entry }) => entry.name === name)) {
      throw new AppError('MODEL_NOT_FOUND', `model "${name}" is not on this machine: facegate models info ${name}`);
    }
    const known = listings.map(({ entry }) => entry.name).join(', ');
    throw new AppError('MODEL_UNKNOWN', `model ${JSON.stringify(name)} is not in the catalog; known are: ${known}`);
  });
}

/** A file with the network, for as long as `use` takes. @param folder for one that is built. */
export async function withModelFile<T>(
  { entry, path }: TimedModel,
  folder: string,
  use: (model: ResolvedModel) => Promise<T>,
): Promise<T> {
  if (path !== null) return use({ entry, path, origin: path });
  const built = join(folder, `${entry.name}.onnx`);
  await writeFile(built, TIMING_NETWORKS[entry.name]!().graph.build());
  try {
    return await use({ entry, path: built, origin: 'built here with random weights' });
  } finally {
    // Hundreds of megabytes: never two of them at once.
    await rm(built, { force: true });
  }
}

/** What a network sees of a 1080p picture: [1, 3, height, width] for each size that makes a difference to it. */
export function shapesOf({ input, task }: CatalogEntry, sizes: readonly number[]): [1, 3, number, number][] {
  if (input.size) return [[1, 3, input.size[1], input.size[0]]];
  if (task !== 'detector') throw new RangeError('only detectors take pictures of any size');
  return sizes.map((size) => {
    const { width, height } = letterbox({ width: 1920, height: 1080 }, size).canvas;
    return [1, 3, height, width];
  });
}
