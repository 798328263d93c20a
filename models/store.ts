import { isAbsolute, join } from 'node:path';
import { AppError } from '../config/app-error.ts';
import { isModelPath } from '../config/model-path.ts';
import { nearestName } from '../config/nearest-name.ts';
import type { Logger } from '../pipeline/ports.ts';
import { type AddedModel, readAddedModels } from './added-models.ts';
import { CATALOG, type CatalogEntry, MODEL_NAME } from './catalog.ts';
import { checkpointFile } from './checkpoint-file.ts';
import { exportHint } from './export-hint.ts';
import { fetchWeights, shownUrl } from './fetch-weights.ts';
import { identifyFile } from './identify-file.ts';
import type { ModelFacts } from './inspection/inspect-messages.ts';
import {
  type FolderPlace,
  type ModelFolders,
  type ModelPlace,
  othersIn,
  placesOf,
  type UrlPlace,
} from './model-places.ts';
import { unknownModel } from './unknown-model.ts';
import { verifyFile } from './verify-file.ts';

export interface ModelStoreOptions {
  /** Where fetched, built and added weights are kept: `models` in the data folder. */
  dir: string;
  /** A folder that is looked into right after it (`FACEGATE_MODELS_DIR`), absolute. Default: none. */
  folder?: string | null;
  /** Folders (used in place) or http(s) URLs that hold `<name>.onnx`, tried in this order. */
  mirrors: readonly string[];
  /** Allow models that are built here from the npm package @vladmandic/face-api: for the demo and for tests. */
  starter: boolean;
  /** Ask nothing of the network. Default false. */
  offline?: boolean;
  log: Logger;
  /** Folder of the machine or container image, with a folder for each family. Default `/models`. */
  systemDir?: string;
  /** What to run instead of the built-in catalog: for tests. */
  catalog?: ReadonlyMap<string, CatalogEntry>;
  /** Reads the inputs and outputs of a file of which nothing else is known. Default: an inference process does. */
  inspect?: (path: string) => Promise<ModelFacts>;
}

export interface ResolveOptions {
  /** What it is to be used for: narrows down what a file of no known name may be. */
  task?: CatalogEntry['task'];
  /** Bytes so far and in all (null where the server does not say). Called only while something is fetched. */
  onProgress?: (done: number, total: number | null) => void;
  signal?: AbortSignal;
}

/** Weights that lie on this machine and are the right ones. */
export interface ResolvedModel {
  /**
   * As in the catalog, with the SHA-256 of these very bytes. An embedder of other bytes than the catalog's has a name of
   * its own (`curricularface-ir101-512d@1a2b3c4d`), so that embeddings of different weights never meet.
   */
  readonly entry: CatalogEntry;
  readonly path: string;
  /** Where they come from, for people: a folder, a URL, or `built here from …`. */
  readonly origin: string;
  /** Compared with a SHA-256 that was known before: the catalog's, or that of the day when it was added. */
  readonly verified?: boolean;
}

export interface ModelListing {
  readonly entry: CatalogEntry;
  /** A file with the right bytes (any, where the catalog expects none) lies on this machine. */
  readonly present: boolean;
  readonly path: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** There where it was added by a person: what was noted then. */
  readonly added: AddedModel | null;
}

export interface ModelStore {
  /**
   * Finds the weights of a catalog entry: in the data folder, in `/models/<family>`, at the mirrors, at the catalog's URL,
   * in this order. SHA-256 is compared before anything is used. What is fetched is kept in the data folder.
   * An entry without a SHA-256 names a file that a person brings: it is looked for in folders only, and taken as it lies,
   * unless it was added, which noted its SHA-256.
   *
   * @param model a name of the catalog, or the absolute path of a file; which entry that is says its SHA-256, else its
   * name, else its inputs and outputs.
   * @throws {AppError} MODEL_UNKNOWN (no such entry, or it cannot be told which; names the nearest ones), MODEL_NOT_FOUND
   * (lists every place and what was there), MODEL_CHECKSUM_MISMATCH (there is a file, but another one), MODEL_INVALID
   * (a PyTorch checkpoint, with the command that exports it; or no model), MODEL_DOWNLOAD_FAILED (cannot be stored, or
   * cancelled), CONFIG_INVALID (a path that is relative).
   */
  resolve(model: string, options?: ResolveOptions): Promise<ResolvedModel>;
  /** Every catalog entry, and whether it is on this machine. Fetches and builds nothing. */
  list(): Promise<ModelListing[]>;
}

/** A place that was looked at and what was there. `wrong`: a file of that name with other bytes. */
interface Report {
  readonly place: string;
  readonly found: string;
  readonly wrong: boolean;
}

export function openModelStore(options: ModelStoreOptions): ModelStore {
  return new Store(options);
}

class Store implements ModelStore {
  readonly #options: ModelStoreOptions & ModelFolders & Required<Pick<ModelStoreOptions, 'offline' | 'catalog'>>;
  /** The newest call for each name: a second caller waits and then finds what the first one fetched. */
  readonly #working = new Map<string, Promise<unknown>>();

  constructor(options: ModelStoreOptions) {
    this.#options = {
      offline: false,
      systemDir: '/models',
      catalog: CATALOG,
      ...options,
      folder: options.folder ?? null,
    };
  }

  resolve(name: string, options: ResolveOptions = {}): Promise<ResolvedModel> {
    const before = this.#working.get(name) ?? Promise.resolve();
    const work = before.catch(() => {}).then(() => this.#resolve(name, options));
    this.#working.set(name, work);
    const forget = () => {
      if (this.#working.get(name) === work) this.#working.delete(name);
    };
    work.then(forget, forget);
    return work;
  }

  async list(): Promise<ModelListing[]> {
    const records = await readAddedModels(this.#options.dir);
    return Promise.all([...this.#options.catalog.values()].map((entry) => this.#listing(entry, records)));
  }

  async #listing(entry: CatalogEntry, records: ReadonlyMap<string, AddedModel>): Promise<ModelListing> {
    if (entry.builtFrom === 'starter') {
      const { findStarterModel } = await starterBuilder();
      const built = await findStarterModel(entry.name, this.#options.dir);
      if (built) return { entry, present: true, added: null, ...built };
    } else {
      for (const place of placesOf(entry, this.#options)) {
        if (place.kind !== 'folder') continue;
        const path = join(place.folder, `${entry.name}.onnx`);
        const added = place.own ? (records.get(entry.name) ?? null) : null;
        const file = await verifyFile(path, expectedBytes(entry, added));
        if (file.state !== 'good') continue;
        const { bytes, sha256 } = file;
        return { entry, present: true, path, bytes, sha256, added: added?.sha256 === sha256 ? added : null };
      }
    }
    return { entry, present: false, path: null, bytes: null, sha256: null, added: null };
  }

  async #resolve(name: string, options: ResolveOptions): Promise<ResolvedModel> {
    if (isModelPath(name)) return this.#resolveFile(name, options);
    const entry = await this.#entry(name, options.task ?? null);
    if (entry.builtFrom === 'starter') return this.#build(entry);
    const records = await readAddedModels(this.#options.dir);
    const reports: Report[] = [];
    for (const place of placesOf(entry, this.#options)) {
      if (options.signal?.aborted) throw new AppError('MODEL_DOWNLOAD_FAILED', `finding model "${name}" was cancelled`);
      const added = place.kind === 'folder' && place.own ? (records.get(name) ?? null) : null;
      const found = await this.#lookAt(place, entry, added, options);
      if ('entry' in found) return found;
      reports.push(found);
      if (found.wrong) this.#options.log.warn({ model: name, place: found.place }, `${found.place}: ${found.found}`);
    }
    throw await this.#notFound(entry, reports);
  }

  async #resolveFile(path: string, { task }: ResolveOptions): Promise<ResolvedModel> {
    if (!isAbsolute(path)) {
      throw new AppError('CONFIG_INVALID', `the path of a model must be absolute here, got ${JSON.stringify(path)}`);
    }
    const { dir, catalog, inspect } = this.#options;
    const records = await readAddedModels(dir);
    const { entry, sha256 } = await identifyFile(path, {
      catalog,
      records,
      task: task ?? null,
      ...(inspect && { inspect }),
      present: () => this.#present(),
    });
    const verified = entry.sha256 === sha256 || records.get(entry.name)?.sha256 === sha256;
    return { entry: asFound(entry, sha256), path, origin: `the settings name ${path}`, verified };
  }

  async #entry(name: string, task: CatalogEntry['task'] | null): Promise<CatalogEntry> {
    const { catalog } = this.#options;
    const entry = MODEL_NAME.test(name) ? catalog.get(name) : undefined;
    if (entry) return entry;
    const { code, message } = unknownModel(name, catalog, task);
    throw new AppError(code, `${message}\non this machine are: ${await this.#present()}`);
  }

  async #present(): Promise<string> {
    const names = (await this.list()).flatMap(({ entry, present }) => (present ? [entry.name] : []));
    return names.join(', ') || 'none';
  }

  async #build(entry: CatalogEntry): Promise<ResolvedModel> {
    if (!this.#options.starter) {
      throw new AppError(
        'MODEL_NOT_FOUND',
        `model "${entry.name}" is a starter model, for the demo and for tests only; name another one, or "auto"`,
      );
    }
    const { buildStarterModel } = await starterBuilder();
    const { path } = await buildStarterModel(entry.name, this.#options.dir);
    return { entry, path, origin: 'built here from the npm package @vladmandic/face-api', verified: true };
  }

  async #lookAt(
    place: ModelPlace,
    entry: CatalogEntry,
    added: AddedModel | null,
    options: ResolveOptions,
  ): Promise<ResolvedModel | Report> {
    if (place.kind === 'none') return { place: place.label, found: place.why, wrong: false };
    return place.kind === 'folder' ? lookInFolder(place, entry, added) : this.#fetch(place, entry, options);
  }

  async #fetch(place: UrlPlace, entry: CatalogEntry, options: ResolveOptions): Promise<ResolvedModel | Report> {
    const shown = shownUrl(place.url);
    const { sha256, bytes } = entry;
    if (sha256 === null) return { place: shown, found: 'not asked (no SHA-256 is known to check it by)', wrong: false };
    if (this.#options.offline) return { place: shown, found: 'not asked (offline)', wrong: false };
    const path = join(this.#options.dir, `${entry.name}.onnx`);
    this.#options.log.info({ model: entry.name, from: shown }, `fetching ${entry.name} from ${shown}`);
    const outcome = await fetchWeights({ ...options, url: place.url, to: path, sha256, bytes });
    switch (outcome.state) {
      case 'good':
        return { entry, path, origin: shown, verified: true };
      case 'wrong':
        return { place: shown, found: `another file (expected SHA-256 ${sha256}, got ${outcome.got})`, wrong: true };
      case 'failed':
        return { place: shown, found: outcome.why, wrong: false };
    }
  }

  async #notFound(entry: CatalogEntry, reports: Report[]): Promise<AppError> {
    const present = (await this.list()).filter((listing) => listing.present).map((listing) => listing.entry.name);
    const nearest = nearestName(entry.name, present);
    const wrong = reports.some((report) => report.wrong);
    const lines = [
      wrong
        ? `model "${entry.name}" was found nowhere with the right bytes; looked at:`
        : `model "${entry.name}" was not found; looked at:`,
      ...reports.map(({ place, found }) => `  ${place}: ${found}`),
      `on this machine are: ${present.join(', ') || 'none'}${nearest === null ? '' : `; nearest in name: ${nearest}`}`,
      entry.sha256 === null
        ? `facegate fetches no such file (licence: ${entry.licence}): facegate models add FILE --as ${entry.name}${entry.obtain ? `. ${entry.obtain}` : ''}`
        : `put ${entry.name}.onnx into one of these folders, or name a folder or URL that has it with FACEGATE_MODEL_MIRROR`,
    ];
    return new AppError(wrong ? 'MODEL_CHECKSUM_MISMATCH' : 'MODEL_NOT_FOUND', lines.join('\n'), {
      details: { model: entry.name, places: reports.map(({ place, found }) => ({ place, found })), present },
    });
  }
}

/** What a file of that entry's name may be: the catalog's bytes, those that were added; any, where neither is known. */
function expectedBytes({ sha256 }: CatalogEntry, added: AddedModel | null): (got: string) => boolean {
  const known = [sha256, added?.sha256].filter((hash) => hash !== null && hash !== undefined);
  return (got) => known.length === 0 || known.includes(got);
}

/** The entry as it stands for these very bytes. */
function asFound(entry: CatalogEntry, sha256: string): CatalogEntry {
  const foreign = entry.task === 'embedder' && entry.sha256 !== sha256;
  return { ...entry, name: foreign ? `${entry.name}@${sha256.slice(0, 8)}` : entry.name, sha256 } as CatalogEntry;
}

async function lookInFolder(
  place: FolderPlace,
  entry: CatalogEntry,
  added: AddedModel | null,
): Promise<ResolvedModel | Report> {
  const path = join(place.folder, `${entry.name}.onnx`);
  const file = await verifyFile(path, expectedBytes(entry, added));
  if (file.state === 'good' || file.state === 'wrong') {
    const kind = await checkpointFile(path);
    if (kind) throw new AppError('MODEL_INVALID', exportHint(path, kind, entry));
  }
  switch (file.state) {
    case 'good': {
      const verified = [entry.sha256, added?.sha256].includes(file.sha256);
      return { entry: asFound(entry, file.sha256), path, origin: `${place.label} ${place.folder}`, verified };
    }
    case 'wrong': {
      const expected = added?.sha256 ?? entry.sha256;
      // Ours to keep right: passing it over would hide a broken disk or a meddled file behind a download.
      if (place.own) {
        const [whose, repair] = added
          ? [
              `that was added on ${added.addedAt.slice(0, 10)}`,
              `Add it again: facegate models add FILE --as ${entry.name}`,
            ]
          : ['that the catalog names', 'Delete it: it is then fetched again'];
        throw new AppError(
          'MODEL_CHECKSUM_MISMATCH',
          `${path} is not the file ${whose}: expected SHA-256 ${expected}, got ${file.sha256}. ${repair}`,
          { details: { model: entry.name, path, expected, got: file.sha256 } },
        );
      }
      return { place: path, found: `another file (expected SHA-256 ${expected}, got ${file.sha256})`, wrong: true };
    }
    case 'absent': {
      const hint = await checkpointBeside(place.folder, entry);
      return { place: path, found: `not there${await othersIn(place.folder)}${hint}`, wrong: false };
    }
    case 'unusable':
      return { place: path, found: file.why, wrong: false };
  }
}

/** Weights of that very entry that lie there as a checkpoint, and what to do with them; else empty. */
async function checkpointBeside(folder: string, entry: CatalogEntry): Promise<string> {
  for (const name of [entry.name, ...entry.fileNames]) {
    for (const extension of ['pth', 'pt', 'bin']) {
      const path = join(folder, `${name}.${extension}`);
      const kind = await checkpointFile(path);
      if (kind) return `\n  ${exportHint(path, kind, entry).replaceAll('\n', '\n  ')}`;
    }
  }
  return '';
}

/** Loaded when it is needed: it knows graphs and protobuf, which a server with real models never looks at. */
function starterBuilder() {
  return import('./starter/build-starter-model.ts');
}
