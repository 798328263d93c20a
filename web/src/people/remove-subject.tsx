import type { EnrolledFaceView, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { announce } from '../state/announce.ts';
import { galleryChanged } from '../state/gallery-changes.ts';
import { go } from '../state/route.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { whatGoes } from './person-words.ts';

interface RemoveSubjectProps {
  subject: SubjectView;
  /** Null where they were not read. */
  faces: readonly EnrolledFaceView[] | null;
}

export function RemoveSubject({ subject, faces }: RemoveSubjectProps) {
  const remove = async () => {
    await facegateApi.removeSubject(subject.id);
    announce(`${subject.name} is deleted.`);
    go('people');
    galleryChanged();
  };
  return (
    <ConfirmDialog title={`Delete ${subject.name}?`} keep="Keep" act="Delete" acting="Deleting …" onAct={remove}>
      <p>Deleted for good, and unknown to every camera and door from then on:</p>
      <ul class="bullets">
        {whatGoes(subject, faces).map((part) => (
          <li key={part}>{part}</li>
        ))}
      </ul>
      <p class="muted small">
        Past events keep the name. The audit log keeps a receipt without it. Backups that were made before keep what
        they hold.
      </p>
    </ConfirmDialog>
  );
}
