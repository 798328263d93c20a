import { type Stats, unwatchFile, watchFile } from 'node:fs';

/** How often the file is looked at. Asked rather than told: editors and Kubernetes put another file in its place. */
const LOOK_EVERY_MS = 1000;
/** Whoever writes may not be done when the first change is seen. */
const SETTLED_AFTER_MS = 300;

/**
 * Calls `reload` when one of the files was changed, and at each SIGHUP; without a file, at SIGHUP only.
 *
 * @returns ends it.
 */
export function watchSettings(files: readonly string[], reload: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const soon = (now: Stats, before: Stats) => {
    // Of a file that is not there, that is told as well.
    if (now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size) return;
    clearTimeout(timer);
    timer = setTimeout(reload, SETTLED_AFTER_MS);
  };
  process.on('SIGHUP', reload);
  for (const file of files) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, soon);
  return () => {
    clearTimeout(timer);
    process.off('SIGHUP', reload);
    for (const file of files) unwatchFile(file, soon);
  };
}
