import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Writes into `folder` a search thread that dies of a search as long as there is a file in its subfolder `deaths`: it
 * removes one, and ends.
 */
export function mortalSearchThread(folder: string): URL {
  const file = join(folder, 'mortal-search-thread.mjs');
  const real = new URL('../../gallery/search/search-thread.ts', import.meta.url);
  writeFileSync(
    file,
    `import { readdirSync, rmSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
parentPort.on('message', () => {
  const [first] = readdirSync(${JSON.stringify(join(folder, 'deaths'))});
  if (first === undefined) return;
  rmSync(${JSON.stringify(`${join(folder, 'deaths')}/`)} + first);
  process.exit(1);
});
await import(${JSON.stringify(real.href)});
`,
  );
  return pathToFileURL(file);
}
