import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../config/app-error.ts';
import { MODEL_NAME } from './catalog.ts';
import { writeAtomically } from './write-atomically.ts';

const record = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  /** What the file was called. */
  from: z.string(),
  /** ISO 8601. */
  addedAt: z.string(),
});

const schema = z.strictObject({ version: z.literal(1), models: z.record(z.string().regex(MODEL_NAME), record) });

/** A file that somebody brought: what it was on the day when it was checked. */
export type AddedModel = z.output<typeof record>;

const fileOf = (dir: string) => join(dir, 'added.json');

/**
 * The files that were added to a models folder, by catalog name; empty where none was.
 *
 * @throws {AppError} MODEL_INVALID where the list is there and cannot be read: without it nothing would be compared.
 */
export async function readAddedModels(dir: string): Promise<ReadonlyMap<string, AddedModel>> {
  const file = fileOf(dir);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Map();
    throw new AppError('MODEL_INVALID', `${file}, the list of added models, cannot be read (${code})`, { cause });
  }
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(text)).models));
  } catch (cause) {
    const repair = 'delete it, and add the models again (facegate models add)';
    throw new AppError('MODEL_INVALID', `${file}, the list of added models, is damaged; ${repair}`, { cause });
  }
}

/** Notes that this file is the one that goes by that name from now on. */
export async function noteAddedModel(dir: string, name: string, added: AddedModel): Promise<void> {
  const models = Object.fromEntries([...(await readAddedModels(dir)), [name, added]]);
  await writeAtomically(fileOf(dir), Buffer.from(`${JSON.stringify({ version: 1, models }, null, 2)}\n`));
}
