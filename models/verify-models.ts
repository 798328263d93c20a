import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readAddedModels } from './added-models.ts';
import { CATALOG, type CatalogEntry } from './catalog.ts';
import { checkpointFile } from './checkpoint-file.ts';
import { type ModelFolders, placesOf } from './model-places.ts';
import { verifyFile } from './verify-file.ts';

export interface VerifiedModel {
  /** Catalog name; null for a file of no known name. */
  readonly model: string | null;
  readonly path: string;
  /** `unknown`: there is nothing to compare it with. */
  readonly state: 'good' | 'wrong' | 'unknown';
  readonly sha256: string | null;
  /** What it was compared with, or what is wrong. */
  readonly why: string;
}

export interface VerifyModelsOptions extends ModelFolders {
  /** Catalog names; null: every file that is here. */
  names: ReadonlySet<string> | null;
  catalog?: ReadonlyMap<string, CatalogEntry>;
}

/** Hashes the model files of this machine anew, wherever facegate would take one from. Changes nothing. */
export async function verifyModels(options: VerifyModelsOptions): Promise<VerifiedModel[]> {
  const { dir, names, catalog = CATALOG } = options;
  const records = await readAddedModels(dir);
  const verified: VerifiedModel[] = [];
  const seen = new Set<string>();
  for (const entry of catalog.values()) {
    if (names && !names.has(entry.name)) continue;
    for (const place of placesOf(entry, options)) {
      if (place.kind !== 'folder') continue;
      const path = join(place.folder, `${entry.name}.onnx`);
      // The same folder may be named twice.
      if (seen.has(path)) continue;
      seen.add(path);
      const added = place.own ? records.get(entry.name) : undefined;
      const known = new Map([
        ...(entry.sha256 === null ? [] : [[entry.sha256, 'as the catalog names it'] as const]),
        ...(added ? [[added.sha256, `as it was added on ${added.addedAt.slice(0, 10)}`] as const] : []),
      ]);
      const one = await verifyOne(entry.name, path, known);
      if (one) verified.push(one);
    }
  }
  for (const file of await readdir(dir).catch(() => [])) {
    const path = join(dir, file);
    if (!file.endsWith('.onnx') || seen.has(path)) continue;
    const stray = await verifyStray(path, catalog, names);
    if (stray) verified.push(stray);
  }
  return verified;
}

async function verifyOne(
  model: string,
  path: string,
  known: ReadonlyMap<string, string>,
): Promise<VerifiedModel | null> {
  const file = await verifyFile(path, (sha256) => known.has(sha256));
  if (file.state === 'absent') return null;
  if (file.state === 'unusable') return { model, path, state: 'wrong', sha256: null, why: file.why };
  const { sha256 } = file;
  const kind = await checkpointFile(path);
  if (kind) return { model, path, state: 'wrong', sha256, why: `is a PyTorch checkpoint (${kind})` };
  if (file.state === 'good') return { model, path, state: 'good', sha256, why: known.get(sha256)! };
  if (known.size > 0) {
    return { model, path, state: 'wrong', sha256, why: `expected SHA-256 ${[...known.keys()].join(' or ')}` };
  }
  return {
    model,
    path,
    state: 'unknown',
    sha256,
    why: `no SHA-256 is known: facegate models add ${path} --as ${model}`,
  };
}

/** A starter model carries the beginning of its SHA-256 in its name; anything else lies there by itself. */
async function verifyStray(
  path: string,
  catalog: ReadonlyMap<string, CatalogEntry>,
  names: ReadonlySet<string> | null,
): Promise<VerifiedModel | null> {
  const file = basename(path);
  const built = [...catalog.values()].find(({ name, builtFrom }) => builtFrom !== null && file.startsWith(`${name}-`));
  if (names && !(built && names.has(built.name))) return null;
  const hash = /-([0-9a-f]{16})\.onnx$/.exec(file)?.[1];
  const found = await verifyFile(path, (sha256) => hash !== undefined && sha256.startsWith(hash));
  if (found.state === 'absent') return null;
  if (found.state === 'unusable') return { model: null, path, state: 'wrong', sha256: null, why: found.why };
  const { sha256 } = found;
  if (!built) return { model: null, path, state: 'unknown', sha256, why: 'has the name of no model; it is never used' };
  return found.state === 'good'
    ? { model: built.name, path, state: 'good', sha256, why: 'as it was built here' }
    : { model: built.name, path, state: 'wrong', sha256, why: 'is not what was built; it is never used: delete it' };
}
