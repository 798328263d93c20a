import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestName } from '../config/nearest-name.ts';
import { redact } from '../config/redact.ts';
import type { CatalogEntry } from './catalog.ts';
import { shownUrl } from './fetch-weights.ts';

export interface FolderPlace {
  readonly kind: 'folder';
  readonly folder: string;
  /** The data folder: ours to keep right. */
  readonly own: boolean;
  readonly label: string;
}

export interface UrlPlace {
  readonly kind: 'url';
  readonly url: URL;
  readonly label: string;
}

/** Where weights are looked for. */
export type ModelPlace =
  | FolderPlace
  | UrlPlace
  | { readonly kind: 'none'; readonly label: string; readonly why: string };

export interface ModelFolders {
  /** Where fetched, built and added weights are kept: `models` in the data folder. */
  dir: string;
  /** A folder that is looked into right after it (`FACEGATE_MODELS_DIR`), absolute; null without one. */
  folder: string | null;
  /** Folder of the machine or container image, with a folder for each family. */
  systemDir: string;
  /** Folders (used in place) or http(s) URLs that hold `<name>.onnx`, tried in this order. */
  mirrors: readonly string[];
}

/** The places where the weights of an entry may be, in the order in which they are looked at. */
export function placesOf(entry: CatalogEntry, { dir, folder, systemDir, mirrors }: ModelFolders): ModelPlace[] {
  const places: ModelPlace[] = [{ kind: 'folder', folder: dir, own: true, label: 'data folder' }];
  if (folder !== null) places.push({ kind: 'folder', folder, own: false, label: 'FACEGATE_MODELS_DIR' });
  places.push({ kind: 'folder', folder: join(systemDir, entry.family), own: false, label: 'models folder' });
  for (const mirror of mirrors) places.push(mirrorPlace(mirror, entry.name));
  if (entry.url) places.push({ kind: 'url', url: new URL(entry.url), label: 'published at' });
  return places;
}

/** A mirror is a folder or an http(s) URL below which the files lie; a query (a token) is kept. */
function mirrorPlace(mirror: string, name: string): ModelPlace {
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

/** The models of a folder, in brackets, for a message: a file under a name of its publisher is easily overlooked. */
export async function othersIn(folder: string): Promise<string> {
  const models = await modelFilesIn(folder);
  if (models === null) return ' (no such folder)';
  if (models.length === 0) return '';
  const rest = models.length > 8 ? ` and ${models.length - 8} more` : '';
  return ` (has ${models.slice(0, 8).join(', ')}${rest})`;
}

/** The path of the model file in a folder whose name is nearest to `name`; null where none is near. */
export async function nearestIn(folder: string, name: string): Promise<string | null> {
  const nearest = nearestName(name, (await modelFilesIn(folder)) ?? []);
  return nearest === null ? null : join(folder, nearest);
}

/** Null where there is no such folder. */
async function modelFilesIn(folder: string): Promise<string[] | null> {
  const files = await readdir(folder).catch(() => null);
  return files === null ? null : files.filter((file) => /\.(onnx|pth|pt)$/i.test(file)).sort();
}
