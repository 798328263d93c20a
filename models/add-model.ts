import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../config/app-error.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { noteAddedModel } from './added-models.ts';
import { CATALOG, type CatalogEntry } from './catalog.ts';
import type { HelpingDetector } from './inspection/inspect-messages.ts';
import type { ModelInspector } from './inspection/model-inspector.ts';
import { makeModelsFolder } from './make-models-folder.ts';
import { unusableFile } from './unusable-file.ts';

export interface AddModelOptions {
  /** The file as a person names it. */
  readonly file: string;
  readonly entry: CatalogEntry;
  /** Where it goes: `models` in the data folder. */
  readonly dir: string;
  /** With a face; what the model is tried on. */
  readonly picture: PixelImage;
  /** Finds the face for an embedder or a scorer; asked only where it is needed. */
  readonly helper: () => Promise<HelpingDetector>;
  readonly inspector: Pick<ModelInspector, 'ask'>;
  readonly now: Date;
}

export interface AddedModelReport {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** What it made of the face. */
  readonly found: string;
}

/**
 * Takes a file that a person brings into the data folder: copies it, lets the copy do its work on a real face in a process
 * of its own, notes its SHA-256, and only then gives it its name. Nothing is left of a file that is refused.
 *
 * @throws {AppError} MODEL_NOT_FOUND, MODEL_INVALID (a checkpoint, too large, no model), MODEL_CONTRACT_MISMATCH saying
 * what was expected and what was got, MODEL_RANDOM_WEIGHTS, FACE_NOT_FOUND; MODEL_DOWNLOAD_FAILED where it cannot be stored.
 */
export async function addModel(options: AddModelOptions): Promise<AddedModelReport> {
  const { file, entry, dir, picture, helper, inspector, now } = options;
  if (entry.builtFrom !== null) {
    throw new AppError('MODEL_CONTRACT_MISMATCH', `${entry.name} is built by facegate; it cannot be brought`);
  }
  const unusable = await unusableFile(file, entry);
  if (unusable) throw unusable;
  const draft = join(dir, `${entry.name}.onnx.${randomUUID()}.tmp`);
  try {
    const { sha256, bytes } = await copy(file, draft);
    const other = [...CATALOG.values()].find((one) => one.sha256 === sha256 && one.name !== entry.name);
    if (other) {
      throw new AppError(
        'MODEL_CONTRACT_MISMATCH',
        `${entry.name}: expected a file of it, got ${other.name} (by its SHA-256)`,
      );
    }
    const model = { entry: { ...entry, sha256 } as CatalogEntry, path: draft, origin: file };
    const helping = entry.task === 'detector' ? null : await helper();
    const { found } = await inspector.ask({ type: 'face', model, helper: helping, picture });
    // First the note: between the two a file of another SHA-256 is refused, never one taken that nobody compared.
    await noteAddedModel(dir, entry.name, { sha256, bytes, from: basename(file), addedAt: now.toISOString() });
    const path = join(dir, `${entry.name}.onnx`);
    await rename(draft, path);
    return { path, sha256, bytes, found };
  } catch (error) {
    const failure = AppError.from(error, 'MODEL_INVALID');
    // The copy has a name that nobody knows.
    const message = failure.message.replaceAll(draft, file);
    const named = message.includes(file) ? message : `${file} cannot be added: ${message}`;
    throw new AppError(failure.code, named, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Copies and hashes in one go: what was hashed is what lies there, whatever becomes of the original meanwhile. */
async function copy(from: string, to: string): Promise<{ sha256: string; bytes: number }> {
  try {
    await makeModelsFolder(dirname(to));
    const hash = createHash('sha256');
    let bytes = 0;
    const target = await open(to, 'wx');
    try {
      for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
        hash.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        await target.writeFile(chunk as Buffer);
      }
      await target.sync();
    } finally {
      await target.close();
    }
    return { sha256: hash.digest('hex'), bytes };
  } catch (cause) {
    throw new AppError('MODEL_DOWNLOAD_FAILED', `cannot store ${to}: ${(cause as Error).message}`, { cause });
  }
}
