import { rmSync } from 'node:fs';
import { endLeftovers, ProcessTable } from '../../tenants/limits/process-tree.ts';

/** A parent that dies may have started one more just before. */
const LOOKS = 5;

/**
 * Where the run is ended by a signal, everything below this process ends with it, each by its number, and `folder` is removed.
 * Disposed, signals are as they were.
 */
export function endWithUs(folder: string): Disposable {
  const interrupted = (signal: NodeJS.Signals) => {
    for (let look = 0; look < LOOKS; look += 1) {
      const below = (ProcessTable.read()?.treeOf(process.pid) ?? []).filter(({ pid }) => pid !== process.pid);
      if (below.length === 0) break;
      endLeftovers(below);
    }
    rmSync(folder, { recursive: true, force: true });
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    },
  };
}
