import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../config/app-error.ts';
import { MODEL_NAME } from './catalog.ts';
import { writeAtomically } from './write-atomically.ts';

const schema = z.strictObject({
  version: z.literal(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  /** What the file was called. */
  from: z.string(),
  /** ISO 8601. */
  addedAt: z.string(),
});

/** A file that somebody brought: what it was on the day when it was checked. */
export type AddedModel = Omit<z.output<typeof schema>, 'version'>;

/** One note for each model, so that two that are added at once do not take each other's away. */
const EXTENSION = '.added.json';

/**
 * The files that were added to a models folder, by catalog name; empty where none was.
 *
 * @throws {AppError} MODEL_INVALID where a note is there and cannot be read: without it nothing would be compared.
 */
export async function readAddedModels(dir: string): Promise<ReadonlyMap<string, AddedModel>> {
  const files = await readdir(dir).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return [];
    throw new AppError('MODEL_INVALID', `the folder ${dir} cannot be read (${cause.code})`, { cause });
  });
  const names = files.filter((file) => file.endsWith(EXTENSION)).map((file) => file.slice(0, -EXTENSION.length));
  const notes = names
    .filter((name) => MODEL_NAME.test(name))
    .map(async (name) => [name, await read(dir, name)] as const);
  return new Map(await Promise.all(notes));
}

/** Notes that this file is the one that goes by that name from now on. */
export async function noteAddedModel(dir: string, name: string, added: AddedModel): Promise<void> {
  await writeAtomically(noteOf(dir, name), Buffer.from(`${JSON.stringify({ version: 1, ...added }, null, 2)}\n`));
}

const noteOf = (dir: string, name: string) => join(dir, `${name}${EXTENSION}`);

async function read(dir: string, name: string): Promise<AddedModel> {
  const file = noteOf(dir, name);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('MODEL_INVALID', `${file}, the note of an added model, cannot be read (${code})`, { cause });
  }
  try {
    const { version: _, ...added } = schema.parse(JSON.parse(text));
    return added;
  } catch (cause) {
    const repair = `delete it, and add the model again: facegate models add FILE --as ${name}`;
    throw new AppError('MODEL_INVALID', `${file}, the note of an added model, is damaged; ${repair}`, { cause });
  }
}
