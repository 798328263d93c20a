import type { AgeByClock } from '../../access/age-by-clock.ts';
import { AppError } from '../../config/app-error.ts';
import type { SnapshotSettings } from '../../config/sink-settings.ts';
import type { PictureKeys } from '../../gallery/picture-keys.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import type { SnapshotFile, SnapshotFiles } from './snapshot-files.ts';
import type { Snapshots } from './snapshots.ts';

export interface SnapshotRetentionOptions {
  retention: SnapshotSettings['retention'];
  files: Pick<SnapshotFiles, 'list' | 'bytes' | 'remove'>;
  snapshots: Pick<Snapshots, 'forget' | 'forgotten' | 'subjects' | 'isBusy'>;
  keys: Pick<PictureKeys, 'forgetAllBut'>;
  /** Those before this number are no longer in the log. */
  oldestSequence(): number;
  /** Whether somebody of that id is in the gallery. */
  isSubject(id: string): boolean;
  age: Pick<AgeByClock, 'isBelieved'>;
  clock: Pick<Clock, 'wallMs'>;
  log: Logger;
}

const EVERY_MS = 60_000;
/** Removed one after the other; then others get their turn. */
const AT_ONCE = 32;

/**
 * Removes pictures that are not to be kept any more, a few at a time: too old, beyond the room that they may take, of an event that
 * has left the log, of somebody who has left the gallery (another process deleted them). Looks at the start and then every minute.
 *
 * @returns how to end it; resolves when it has.
 */
export function watchSnapshotRetention(options: SnapshotRetentionOptions): () => Promise<void> {
  const stopped = new AbortController();
  let failing = false;
  let looking: Promise<void> | null = null;
  const look = () => {
    looking ??= pruneSnapshots(options, stopped.signal)
      .then(() => {
        failing = false;
      })
      .catch((error: unknown) => {
        const { code, message } = AppError.from(error);
        if (!failing) options.log.error({ code }, `old pictures of events could not be removed: ${message}`);
        failing = true;
      })
      .finally(() => {
        looking = null;
      });
  };
  look();
  const every = setInterval(look, EVERY_MS);
  every.unref();
  return async () => {
    clearInterval(every);
    stopped.abort();
    await looking;
  };
}

/** One look, to its end. @throws where a picture could not be removed. */
export async function pruneSnapshots(options: SnapshotRetentionOptions, signal?: AbortSignal): Promise<void> {
  const { files, snapshots, keys } = options;
  const gone = snapshots.subjects().filter((id) => !options.isSubject(id));
  await snapshots.forget(gone, 'facegate');
  const byAge = options.age.isBelieved();
  for (let some = next(options, byAge); some.length > 0 && !signal?.aborted; some = next(options, byAge)) {
    await files.remove(some);
    snapshots.forgotten(some);
  }
  // One that is being written may be sealed under a key that no file needs yet.
  if (!snapshots.isBusy) keys.forgetAllBut(new Set([...files.list()].map(({ keyId }) => keyId)));
}

/** The oldest that must go. */
function next({ retention, files, oldestSequence, clock }: SnapshotRetentionOptions, byAge: boolean): string[] {
  const oldest = oldestSequence();
  const before = byAge ? clock.wallMs() - retention.age : Number.NEGATIVE_INFINITY;
  const found: string[] = [];
  let { bytes } = files;
  for (const file of files.list()) {
    if (found.length === AT_ONCE) break;
    const mustGo = file.sequence < oldest || bytes > retention.bytes || takenAtMs(file) < before;
    if (!mustGo) break;
    found.push(file.id);
    bytes -= file.bytes;
  }
  return found;
}

/** An event's id says when it was decided. */
function takenAtMs({ id }: SnapshotFile): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
