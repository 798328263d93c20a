import { AppError } from '../config/app-error.ts';
import type { Settings } from '../config/settings-schema.ts';
import { isSuspicious, longUnseen } from '../gallery/retention.ts';
import type { SubjectGallery } from '../gallery/subject-gallery.ts';
import type { AuditTrail } from '../pipeline/audit.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';

export interface RetentionOptions {
  retention: NonNullable<Settings['gallery']['retention']>;
  gallery: Pick<SubjectGallery, 'subjects' | 'templates' | 'removeSubject'>;
  audit: AuditTrail;
  clock: Pick<Clock, 'wallMs'>;
  log: Logger;
}

const DAY_MS = 86_400_000;
/** Not at the very start: who comes to the cameras meanwhile is seen, and a wrong setting can still be taken back. */
const FIRST_MS = 10 * 60_000;

/** Looks ten minutes after the start and then daily who was not seen for too long. @returns what ends it; idempotent. */
export function watchRetention(options: RetentionOptions): () => void {
  const check = () => {
    try {
      checkRetention(options);
    } catch (error) {
      const { code, message } = AppError.from(error);
      options.log.error({ code }, `who was not seen for long could not be looked up: ${message}`);
    }
  };
  const first = setTimeout(check, FIRST_MS).unref();
  const daily = setInterval(check, DAY_MS).unref();
  return () => {
    clearTimeout(first);
    clearInterval(daily);
  };
}

/**
 * Reports or deletes the subjects that were neither recognised nor enrolled for `retention.after`. Deletes none where it
 * would be most of a gallery.
 *
 * @throws {AppError} GALLERY_UNAVAILABLE; AUDIT_UNAVAILABLE
 */
export function checkRetention({ retention, gallery, audit, clock, log }: RetentionOptions): void {
  const subjects = gallery.subjects();
  const unseen = longUnseen(subjects, gallery.templates(), { nowMs: clock.wallMs(), afterMs: retention.after });
  if (unseen.length === 0) return;
  const ids = unseen.map(({ id }) => id);
  if (retention.action === 'report') {
    log.warn({ subjects: ids }, `${unseen.length} subjects were not seen for ${days(retention.after)}`);
    return;
  }
  if (isSuspicious(unseen.length, subjects.length)) {
    log.error(
      { subjects: ids },
      `${unseen.length} of ${subjects.length} subjects were not seen for ${days(retention.after)}: too many to be deleted ` +
        'unasked (is the clock right, were the cameras off?); "facegate gallery retention --delete" deletes them',
    );
    return;
  }
  for (const { id, lastSignMs } of unseen) {
    try {
      gallery.removeSubject(id);
    } catch (error) {
      // Somebody was faster.
      if (error instanceof AppError && error.code === 'SUBJECT_NOT_FOUND') continue;
      throw error;
    }
    audit.record({
      action: 'subject.deleted',
      by: 'facegate',
      subject: id,
      details: { reason: 'retention', lastSign: new Date(lastSignMs).toISOString() },
    });
  }
  log.warn({ subjects: ids }, `${unseen.length} subjects were not seen for ${days(retention.after)} and are deleted`);
}

const days = (ms: number): string => `${Math.round(ms / DAY_MS)} days`;
