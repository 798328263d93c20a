import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { CameraView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { dialog } from '../shell/open-dialog.ts';
import { refreshCameras } from '../state/cameras.ts';
import { may } from '../state/session.ts';
import { Icon } from '../ui/icon.tsx';

/** What may be done to a camera. */
export function CameraTools({ camera }: { camera: CameraView }) {
  if (!may('admin')) return null;
  const { id, name } = camera;
  return (
    <>
      <button
        type="button"
        class="button"
        aria-label={`Zones and masks of ${name}`}
        title="Where faces count, and what nobody may see"
        onClick={() => {
          dialog.value = { name: 'areas', id };
        }}
      >
        <Icon name="area" /> <span class="wide-only">Areas</span>
      </button>
      <button
        type="button"
        class="button"
        aria-label={`Change ${name}`}
        title="Change this camera"
        onClick={() => {
          dialog.value = { name: 'change-camera', id };
        }}
      >
        <Icon name="change" /> <span class="wide-only">Change</span>
      </button>
      {camera.origin === 'added' && (
        <button
          type="button"
          class="button-icon"
          aria-label={`Remove ${name}`}
          title="Remove this camera"
          onClick={() => {
            dialog.value = { name: 'remove-camera', id };
          }}
        >
          <Icon name="trash" />
        </button>
      )}
    </>
  );
}

/** What the settings and this page disagree on, or a camera that is switched off: said, with a way out. */
export function CameraNotices({ camera }: { camera: CameraView }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await what();
      await refreshCameras();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const added = camera.origin === 'added';
  if (camera.conflict === null && camera.enabled) return null;
  return (
    <div class="note notice">
      {camera.conflict !== null && (
        <>
          <p>
            The configuration file and this page disagree: {camera.conflict}. The file’s camera runs; what was added
            here has no effect.
          </p>
          {may('admin') && (
            <button
              type="button"
              class="button"
              disabled={busy}
              onClick={() => run(() => facegateApi.removeCamera(camera.id))}
            >
              Forget what was added here
            </button>
          )}
        </>
      )}
      {!camera.enabled && (
        <>
          <p>
            This camera is switched off
            {added ? '.' : ' in the configuration file; enabled: true switches it on.'}
          </p>
          {added && may('admin') && (
            <button
              type="button"
              class="button"
              disabled={busy}
              onClick={() => run(() => facegateApi.changeCamera(camera.id, { enabled: true }))}
            >
              Switch it on
            </button>
          )}
        </>
      )}
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
