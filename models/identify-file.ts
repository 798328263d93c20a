import { basename, dirname } from 'node:path';
import { AppError } from '../config/app-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import type { AddedModel } from './added-models.ts';
import type { CatalogEntry } from './catalog.ts';
import type { ModelFacts } from './inspection/inspect-messages.ts';
import { ModelInspector } from './inspection/model-inspector.ts';
import { nearestIn, othersIn } from './model-places.ts';
import { contractOf, fitsContract } from './runtime/network-contract.ts';
import { unusableFile } from './unusable-file.ts';
import { verifyFile } from './verify-file.ts';

export interface IdentifyOptions {
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  /** Files that were added, by catalog name. */
  readonly records: ReadonlyMap<string, AddedModel>;
  /** What it is to be used for; null: anything. */
  readonly task: CatalogEntry['task'] | null;
  /** Default: a short-lived inference process reads the file. */
  readonly inspect?: (path: string) => Promise<ModelFacts>;
  /** The models of this machine, for the message when there is no such file. */
  readonly present: () => Promise<string>;
}

/**
 * Which catalog entry a file is: by its SHA-256, else by its name, else by its inputs and outputs, where these leave one.
 *
 * @returns the entry and the file's SHA-256.
 * @throws {AppError} MODEL_NOT_FOUND; MODEL_CHECKSUM_MISMATCH where it has the name of a model of other bytes;
 * MODEL_INVALID where it is none; MODEL_UNKNOWN where none or several fit, with what to type.
 */
export async function identifyFile(
  path: string,
  options: IdentifyOptions,
): Promise<{ entry: CatalogEntry; sha256: string }> {
  const { catalog, records, task } = options;
  const entries = [...catalog.values()].filter((entry) => entry.builtFrom === null);
  const named = entryNamed(path, entries);
  await refuseUnusable(path, named, entries, options);
  const file = await verifyFile(path, () => true);
  if (file.state !== 'good') throw new AppError('MODEL_NOT_FOUND', `${path} ${'why' in file ? file.why : 'is gone'}`);
  const { sha256 } = file;
  const known = entries.find((entry) => entry.sha256 === sha256 || records.get(entry.name)?.sha256 === sha256);
  if (known) return { entry: known, sha256 };
  if (named && named.sha256 === null) return { entry: named, sha256 };
  if (named) {
    throw new AppError(
      'MODEL_CHECKSUM_MISMATCH',
      `${path} has the name of ${named.name} and other bytes: expected SHA-256 ${named.sha256}, got ${sha256}. ` +
        `If it is meant: facegate models add ${path} --as ${named.name}`,
    );
  }
  const { inputs, outputs } = await (options.inspect ?? inspectOnce)(path);
  const able = entries.filter((entry) => (task ?? entry.task) === entry.task);
  const fitting = closest(able, inputs, outputs);
  const [only, ...more] = fitting;
  if (only && more.length === 0) return { entry: only, sha256 };
  const candidates = (only ? fitting : able).map(({ name }) => name);
  const why = only
    ? `its inputs and outputs fit several models: ${candidates.join(', ')}`
    : `its inputs and outputs fit no ${task ?? 'model'} of the catalog (${candidates.join(', ')})`;
  throw new AppError(
    'MODEL_UNKNOWN',
    `${path}: neither its SHA-256 nor its name tell which model it is, and ${why}. ` +
      `Say it: facegate models add ${path} --as ${only ? only.name : 'NAME'}`,
    { details: { path, candidates } },
  );
}

/** Those whose contract the file keeps; of these the ones that ask for all of its outputs, where there are any. */
function closest(
  entries: readonly CatalogEntry[],
  inputs: ModelFacts['inputs'],
  outputs: ModelFacts['outputs'],
): CatalogEntry[] {
  const fitting = entries.filter((entry) => fitsContract(entry, inputs, outputs));
  const exact = fitting.filter((entry) => contractOf(entry).outputs.length === outputs.length);
  return exact.length > 0 ? exact : fitting;
}

async function refuseUnusable(
  path: string,
  named: CatalogEntry | undefined,
  entries: readonly CatalogEntry[],
  { present }: IdentifyOptions,
): Promise<void> {
  const unusable = await unusableFile(path, named);
  if (unusable?.details?.absent !== true) {
    if (unusable) throw unusable;
    return;
  }
  const nearestFile = await nearestIn(dirname(path), basename(path));
  const nearest = nearestName(
    stem(path),
    entries.map(({ name }) => name),
  );
  const lines = [
    `${unusable.message}${await othersIn(dirname(path))}`,
    `on this machine are: ${await present()}`,
    ...(nearestFile !== null ? [`did you mean ${nearestFile}?`] : []),
    ...(nearestFile === null && nearest !== null ? [`did you mean the model "${nearest}"?`] : []),
  ];
  throw new AppError('MODEL_NOT_FOUND', lines.join('\n'), { cause: unusable.cause });
}

/** The entry whose name, or whose publisher's file name, the file has. */
function entryNamed(path: string, entries: readonly CatalogEntry[]): CatalogEntry | undefined {
  const name = stem(path).toLowerCase();
  return entries.find((entry) => [entry.name, ...entry.fileNames].some((one) => one.toLowerCase() === name));
}

function stem(path: string): string {
  return basename(path).replace(/\.(onnx|pth|pt|bin)$/i, '');
}

async function inspectOnce(path: string): Promise<ModelFacts> {
  await using inspector = new ModelInspector();
  return await inspector.ask({ type: 'describe', path });
}
