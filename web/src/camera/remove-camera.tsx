import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { cameraName, refreshCameras } from '../state/cameras.ts';
import { go } from '../state/route.ts';
import { Dialog } from '../ui/dialog.tsx';

export function RemoveCamera({ id }: { id: string }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [name] = useState(() => cameraName(id));
  const remove = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await facegateApi.removeCamera(id);
      await refreshCameras();
      closeDialog();
      go('wall');
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Remove ${name}?`} onClose={closeDialog}>
      <p>
        facegate lets go of this camera and forgets its address, password, zones and masks. Its events stay in the log.
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={closeDialog}>
          Keep it
        </button>
        <button type="button" class="button button-danger" disabled={busy} onClick={remove}>
          {busy ? 'Removing …' : 'Remove'}
        </button>
      </div>
    </Dialog>
  );
}
