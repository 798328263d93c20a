import { AgeByClock } from '../../access/age-by-clock.ts';
import type { EventLog } from '../../access/event-log.ts';
import { AppError } from '../../config/app-error.ts';
import type { SnapshotSettings } from '../../config/sink-settings.ts';
import type { SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { AuditTrail } from '../../pipeline/audit.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { SnapshotFiles } from './snapshot-files.ts';
import { watchSnapshotRetention } from './snapshot-retention.ts';
import { Snapshots } from './snapshots.ts';

export interface OpenSnapshotsOptions {
  settings: SnapshotSettings;
  /** The folder of the pictures. */
  dir: string;
  gallery: Pick<SubjectGallery, 'pictureKeys' | 'subject'>;
  events: Pick<EventLog, 'find' | 'oldestSequence'>;
  audit: AuditTrail;
  clock: Clock;
  log: Logger;
}

/**
 * The pictures of a tenant's events, those of before too: where none are kept any more, they can still be seen until they are
 * too old.
 *
 * @throws where the folder cannot be read; {AppError} EVENT_LOG_UNAVAILABLE, GALLERY_…
 */
export async function openSnapshots(options: OpenSnapshotsOptions): Promise<Snapshots> {
  const { settings, dir, gallery, events, audit, clock, log } = options;
  const keys = gallery.pictureKeys;
  const files = await SnapshotFiles.open({ dir, keys });
  const snapshots = new Snapshots({ settings, files, find: (id) => events.find(id), audit, clock, log });
  await snapshots.adopt([...files.list()].map(({ id }) => id));
  // Now, not with the first event: a key that cannot be made is to be seen at the start.
  if (settings.keep !== 'off') keys.current();
  snapshots.onClose(
    watchSnapshotRetention({
      retention: settings.retention,
      files,
      snapshots,
      keys,
      oldestSequence: () => events.oldestSequence,
      isSubject: (id) => isSubject(gallery, id),
      age: new AgeByClock({ clock, log, what: 'picture' }),
      clock,
      log,
    }),
  );
  return snapshots;
}

function isSubject(gallery: OpenSnapshotsOptions['gallery'], id: string): boolean {
  try {
    gallery.subject(id);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'SUBJECT_NOT_FOUND') return false;
    throw error;
  }
}
