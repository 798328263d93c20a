import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { refreshSubjects } from '../state/subjects.ts';
import { Dialog } from '../ui/dialog.tsx';

export function RemoveSubject({ subject }: { subject: SubjectView }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const remove = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await facegateApi.removeSubject(subject.id);
      await refreshSubjects();
      announce(`${subject.name} is deleted.`);
      closeDialog();
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete ${subject.name}?`} onClose={closeDialog}>
      <p>
        {subject.name} and {subject.templates === 1 ? 'the one template' : `all ${subject.templates} templates`} are
        deleted for good and are unknown to every camera and door from then on. Past events keep the name.
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={closeDialog}>
          Keep
        </button>
        <button type="button" class="button button-danger" disabled={busy} onClick={remove}>
          {busy ? 'Deleting …' : 'Delete'}
        </button>
      </div>
    </Dialog>
  );
}
