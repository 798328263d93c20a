import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A program of that name in the folder, which runs `script` there; it takes the place of an earlier one. */
export async function fakeNvidiaSmi(folder: string, script: string): Promise<void> {
  const file = join(folder, 'nvidia-smi');
  // Exchanged at once: a file that is being written cannot be run.
  await writeFile(`${file}.new`, `#!/bin/sh\ncd "${folder}"\n${script}\n`);
  await chmod(`${file}.new`, 0o755);
  await rename(`${file}.new`, file);
}
