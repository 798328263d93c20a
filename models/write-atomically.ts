import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeModelsFolder } from './make-models-folder.ts';

/** Writes a file that is there whole or not at all, also when the power goes. Makes the folder. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await makeModelsFolder(dirname(path));
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
