import type { AgeByClock } from '../../access/age-by-clock.ts';
import { AppError } from '../../config/app-error.ts';
import type { SnapshotSettings } from '../../config/sink-settings.ts';
import type { PictureKeys } from '../../gallery/picture-keys.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import type { SnapshotFile, SnapshotFiles } from './snapshot-files.ts';
import type { Snapshots } from './snapshots.ts';

export interface SnapshotRetentionOptions {
  retention: SnapshotSettings['retention'];
  files: Pick<SnapshotFiles, 'list' | 'bytes' | 'remove' | 'has'>;
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

/** One look, to its end: one that cannot be removed keeps no other. @throws where there was such a one. */
export async function pruneSnapshots(options: SnapshotRetentionOptions, signal?: AbortSignal): Promise<void> {
  const { files, snapshots, keys } = options;
  const failures: unknown[] = [];
  for (const id of snapshots.subjects().filter((one) => !options.isSubject(one))) {
    await snapshots.forget([id], 'facegate').catch((error: unknown) => failures.push(error));
  }
  const byAge = options.age.isBelieved();
  const stuck = new Set<string>();
  const some = () => next(options, byAge, stuck);
  for (let ids = some(); ids.length > 0 && !signal?.aborted; ids = some()) {
    await files.remove(ids).catch((error: unknown) => failures.push(error));
    for (const id of ids) if (files.has(id)) stuck.add(id);
    snapshots.forgotten(ids.filter((id) => !stuck.has(id)));
  }
  // One that is being written may be sealed under a key that no file needs yet.
  if (!snapshots.isBusy) keys.forgetAllBut(new Set([...files.list()].map(({ keyId }) => keyId)));
  if (failures.length > 0) throw failures[0];
}

/** The oldest that must go. All are looked at: where the clock was ahead for a while, an older one says that it is younger. */
function next(
  { retention, files, oldestSequence, clock }: SnapshotRetentionOptions,
  byAge: boolean,
  stuck: ReadonlySet<string>,
): string[] {
  const oldest = oldestSequence();
  const before = byAge ? clock.wallMs() - retention.age : Number.NEGATIVE_INFINITY;
  const found: string[] = [];
  let { bytes } = files;
  for (const file of files.list()) {
    if (found.length === AT_ONCE) break;
    if (stuck.has(file.id)) continue;
    const mustGo = file.sequence < oldest || bytes > retention.bytes || takenAtMs(file) < before;
    if (!mustGo) continue;
    found.push(file.id);
    bytes -= file.bytes;
  }
  return found;
}

/** An event's id says when it was decided. */
function takenAtMs({ id }: SnapshotFile): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
