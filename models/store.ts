import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../config/app-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import { redact } from '../config/redact.ts';
import type { Logger } from '../pipeline/ports.ts';
import { CATALOG, type CatalogEntry, MODEL_NAME } from './catalog.ts';
import { fetchWeights, shownUrl } from './fetch-weights.ts';
import { buildStarterModel, findStarterModel } from './starter/build-starter-model.ts';
import { verifyFile } from './verify-file.ts';

export interface ModelStoreOptions {
  /** Where fetched and built weights are kept: `models` in the data folder. */
  dir: string;
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
}

export interface ResolveOptions {
  /** Bytes so far and in all (null where the server does not say). Called only while something is fetched. */
  onProgress?: (done: number, total: number | null) => void;
  signal?: AbortSignal;
}

/** Weights that lie on this machine and are the right ones. */
export interface ResolvedModel {
  readonly entry: CatalogEntry;
  readonly path: string;
  /** Where they come from, for people: a folder, a URL, or `built here from …`. */
  readonly origin: string;
}

export interface ModelListing {
  readonly entry: CatalogEntry;
  /** A file with the right bytes (any, where the catalog expects none) lies on this machine. */
  readonly present: boolean;
  readonly path: string | null;
  readonly bytes: number | null;
}

export interface ModelStore {
  /**
   * Finds the weights of a catalog entry: in the data folder, in `/models/<family>`, at the mirrors, at the catalog's URL,
   * in this order. SHA-256 is compared before anything is used. What is fetched is kept in the data folder.
   * An entry without a SHA-256 names a file that a person brings: it is looked for in folders only, and taken as it lies.
   *
   * @throws {AppError} MODEL_UNKNOWN (no such entry; names the nearest one), MODEL_NOT_FOUND (lists every place and what
   * was there), MODEL_CHECKSUM_MISMATCH (there is a file, but another one), MODEL_DOWNLOAD_FAILED (cannot be stored,
   * or cancelled).
   */
  resolve(name: string, options?: ResolveOptions): Promise<ResolvedModel>;
  /** Every catalog entry, and whether it is on this machine. Fetches and builds nothing. */
  list(): Promise<ModelListing[]>;
}

/** A place that was looked at and what was there. `wrong`: a file of that name with other bytes. */
interface Report {
  readonly place: string;
  readonly found: string;
  readonly wrong: boolean;
}

type Place =
  | { readonly kind: 'folder'; readonly folder: string; readonly own: boolean; readonly label: string }
  | { readonly kind: 'url'; readonly url: URL; readonly label: string }
  | { readonly kind: 'none'; readonly label: string; readonly why: string };

export function openModelStore(options: ModelStoreOptions): ModelStore {
  return new Store(options);
}

class Store implements ModelStore {
  readonly #options: Required<ModelStoreOptions>;
  /** The newest call for each name: a second caller waits and then finds what the first one fetched. */
  readonly #working = new Map<string, Promise<unknown>>();

  constructor(options: ModelStoreOptions) {
    this.#options = { offline: false, systemDir: '/models', catalog: CATALOG, ...options };
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
    return Promise.all([...this.#options.catalog.values()].map((entry) => this.#listing(entry)));
  }

  async #listing(entry: CatalogEntry): Promise<ModelListing> {
    const none = { entry, present: false, path: null, bytes: null };
    if (entry.builtFrom === 'starter') {
      const built = await findStarterModel(entry.name, this.#options.dir);
      return built ? { entry, present: true, path: built.path, bytes: built.bytes } : none;
    }
    for (const place of this.#places(entry)) {
      if (place.kind !== 'folder') continue;
      const path = join(place.folder, `${entry.name}.onnx`);
      const file = await verifyFile(path, entry.sha256 ?? anyBytes);
      if (file.state === 'good') return { entry, present: true, path, bytes: file.bytes };
    }
    return none;
  }

  async #resolve(name: string, options: ResolveOptions): Promise<ResolvedModel> {
    const entry = this.#entry(name);
    if (entry.builtFrom === 'starter') return this.#build(entry);
    const reports: Report[] = [];
    for (const place of this.#places(entry)) {
      if (options.signal?.aborted) throw new AppError('MODEL_DOWNLOAD_FAILED', `finding model "${name}" was cancelled`);
      const found = await this.#lookAt(place, entry, options);
      if ('entry' in found) return found;
      reports.push(found);
      if (found.wrong) this.#options.log.warn({ model: name, place: found.place }, `${found.place}: ${found.found}`);
    }
    throw await this.#notFound(entry, reports);
  }

  #entry(name: string): CatalogEntry {
    const { catalog } = this.#options;
    const entry = MODEL_NAME.test(name) ? catalog.get(name) : undefined;
    if (entry) return entry;
    const names = [...catalog.keys()];
    const nearest = nearestName(name, names);
    const known = `known are: ${names.join(', ')}`;
    const hint = nearest === null ? known : `did you mean "${nearest}"? (${known})`;
    throw new AppError('MODEL_UNKNOWN', `model ${JSON.stringify(name)} is not in the catalog; ${hint}`);
  }

  async #build(entry: CatalogEntry): Promise<ResolvedModel> {
    if (!this.#options.starter) {
      throw new AppError(
        'MODEL_NOT_FOUND',
        `model "${entry.name}" is a starter model, for the demo and for tests only; name another one, or "auto"`,
      );
    }
    const { path } = await buildStarterModel(entry.name, this.#options.dir);
    return { entry, path, origin: 'built here from the npm package @vladmandic/face-api' };
  }

  #places(entry: CatalogEntry): Place[] {
    const { dir, systemDir, mirrors } = this.#options;
    const places: Place[] = [{ kind: 'folder', folder: dir, own: true, label: 'data folder' }];
    places.push({ kind: 'folder', folder: join(systemDir, entry.family), own: false, label: 'models folder' });
    for (const mirror of mirrors) places.push(mirrorPlace(mirror, entry.name));
    if (entry.url !== null) places.push({ kind: 'url', url: new URL(entry.url), label: 'catalog' });
    return places;
  }

  async #lookAt(place: Place, entry: CatalogEntry, options: ResolveOptions): Promise<ResolvedModel | Report> {
    if (place.kind === 'none') return { place: place.label, found: place.why, wrong: false };
    return place.kind === 'folder' ? this.#lookInFolder(place, entry) : this.#fetch(place, entry, options);
  }

  async #lookInFolder(place: Place & { kind: 'folder' }, entry: CatalogEntry): Promise<ResolvedModel | Report> {
    const path = join(place.folder, `${entry.name}.onnx`);
    const file = await verifyFile(path, entry.sha256 ?? anyBytes);
    switch (file.state) {
      case 'good':
        return { entry, path, origin: `${place.label} ${place.folder}` };
      case 'wrong': {
        const found = `${path} is not the file that the catalog names: expected SHA-256 ${entry.sha256}, got ${file.sha256}`;
        // Ours to keep right: passing it over would hide a broken disk or a meddled file behind a download.
        if (place.own) {
          throw new AppError('MODEL_CHECKSUM_MISMATCH', `${found}. Delete it: it is then fetched again`, {
            details: { model: entry.name, path, expected: entry.sha256, got: file.sha256 },
          });
        }
        return {
          place: path,
          found: `another file (expected SHA-256 ${entry.sha256}, got ${file.sha256})`,
          wrong: true,
        };
      }
      case 'absent':
        return { place: path, found: `not there${await othersIn(place.folder)}`, wrong: false };
      case 'unusable':
        return { place: path, found: file.why, wrong: false };
    }
  }

  async #fetch(
    place: Place & { kind: 'url' },
    entry: CatalogEntry,
    options: ResolveOptions,
  ): Promise<ResolvedModel | Report> {
    const shown = shownUrl(place.url);
    const { sha256, bytes } = entry;
    if (sha256 === null) return { place: shown, found: 'not asked (no SHA-256 is known to check it by)', wrong: false };
    if (this.#options.offline) return { place: shown, found: 'not asked (offline)', wrong: false };
    const path = join(this.#options.dir, `${entry.name}.onnx`);
    this.#options.log.info({ model: entry.name, from: shown }, `fetching ${entry.name} from ${shown}`);
    const outcome = await fetchWeights({ ...options, url: place.url, to: path, sha256, bytes });
    switch (outcome.state) {
      case 'good':
        return { entry, path, origin: shown };
      case 'wrong':
        return { place: shown, found: `another file (expected SHA-256 ${sha256}, got ${outcome.got})`, wrong: true };
      case 'failed':
        return { place: shown, found: outcome.why, wrong: false };
    }
  }

  async #notFound(entry: CatalogEntry, reports: Report[]): Promise<AppError> {
    const present = (await this.list()).filter((listing) => listing.present).map((listing) => listing.entry.name);
    const wrong = reports.some((report) => report.wrong);
    const lines = [
      wrong
        ? `model "${entry.name}" was found nowhere with the right bytes; looked at:`
        : `model "${entry.name}" was not found; looked at:`,
      ...reports.map(({ place, found }) => `  ${place}: ${found}`),
      `on this machine are: ${present.join(', ') || 'none'}`,
      entry.sha256 === null
        ? `facegate fetches no such file (licence: ${entry.licence}): put yours as ${entry.name}.onnx into one of these folders`
        : `put ${entry.name}.onnx into one of these folders, or name a folder or URL that has it with FACEGATE_MODEL_MIRROR`,
    ];
    return new AppError(wrong ? 'MODEL_CHECKSUM_MISMATCH' : 'MODEL_NOT_FOUND', lines.join('\n'), {
      details: { model: entry.name, places: reports.map(({ place, found }) => ({ place, found })), present },
    });
  }
}

/** A file that a person brought: its contract is checked when it is loaded. */
const anyBytes = () => true;

/** A mirror is a folder or an http(s) URL below which the files lie; a query (a token) is kept. */
function mirrorPlace(mirror: string, name: string): Place {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(mirror)) {
    return { kind: 'folder', folder: resolve(mirror), own: false, label: 'mirror' };
  }
  let url: URL;
  try {
    url = new URL(mirror);
    if (url.protocol === 'file:') return { kind: 'folder', folder: fileURLToPath(url), own: false, label: 'mirror' };
  } catch {
    return { kind: 'none', label: `mirror ${redact(mirror)}`, why: 'is not a valid URL' };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { kind: 'none', label: `mirror ${shownUrl(url)}`, why: 'is neither a folder nor an http or https URL' };
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${name}.onnx`;
  return { kind: 'url', url, label: 'mirror' };
}

/** The other models of a folder: a file under a name of its publisher is easily overlooked. */
async function othersIn(folder: string): Promise<string> {
  const files = await readdir(folder).catch(() => null);
  if (files === null) return ' (no such folder)';
  const models = files.filter((file) => file.endsWith('.onnx')).sort();
  if (models.length === 0) return '';
  const rest = models.length > 8 ? ` and ${models.length - 8} more` : '';
  return ` (has ${models.slice(0, 8).join(', ')}${rest})`;
}
