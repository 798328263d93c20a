import { mkdir } from 'node:fs/promises';

/**
 * Makes a folder for weights with those above it. Whoever pulls a model first makes the data folder, in which faces and
 * keys will lie: for its owner alone, as `serve` makes it.
 */
export async function makeModelsFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
}
