import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { CameraView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { cameras, refreshCameras } from '../state/cameras.ts';
import { Dialog } from '../ui/dialog.tsx';
import { sentence } from '../ui/sentence.ts';
import { type CameraDraft, connectionOf, draftOf, patchOf } from './camera-draft.ts';
import { ConnectionFields, MoreFields } from './camera-fields.tsx';
import { ProbeResult } from './probe-result.tsx';
import { useCameraDraft } from './use-camera-draft.ts';
import { type Probe, useProbe } from './use-probe.ts';

export function ChangeCameraDialog({ id }: { id: string }) {
  // As it was when the dialog opened: what comes in meanwhile must not change what is typed.
  const [camera] = useState(() => cameras.peek()?.find((one) => one.id === id) ?? null);
  if (!camera) {
    return (
      <Dialog title="Change a camera" onClose={closeDialog}>
        <p>This camera is no longer there.</p>
      </Dialog>
    );
  }
  return camera.origin === 'config' ? <Configured camera={camera} /> : <Change camera={camera} />;
}

/** What stands in the configuration file is changed there. */
function Configured({ camera }: { camera: CameraView }) {
  const probe = useProbe();
  return (
    <Dialog title={camera.name} onClose={closeDialog}>
      <p>
        This camera stands in the configuration file, under <code>cameras:</code> with <code>id: {camera.id}</code>.
        Change it there and start the server again. Zones and masks can be drawn here.
      </p>
      <Answer probe={probe} width={camera.settings.width} />
      <div class="dialog-actions">
        <button
          type="button"
          class="button"
          disabled={probe.busy}
          onClick={() => probe.ask((signal) => facegateApi.probeKnownCamera(camera.id, signal))}
        >
          {probe.busy ? 'Trying …' : 'Try it'}
        </button>
      </div>
    </Dialog>
  );
}

function Change({ camera }: { camera: CameraView }) {
  const { id, name } = camera;
  const { draft, setDraft, problem, setProblem, checked } = useCameraDraft(() => draftOf(camera));
  const [saving, setSaving] = useState(false);
  const probe = useProbe();

  const change = (part: Partial<CameraDraft>) => {
    setDraft({ ...draft, ...part });
    setProblem(null);
    if (part.width === undefined) probe.forget();
  };
  const tryIt = () => {
    const ready = checked();
    if (!ready) return;
    const { url, transport, tls, username, password } = patchOf(ready, camera);
    if ([url, transport, tls, username, password].every((field) => field === undefined)) {
      void probe.ask((signal) => facegateApi.probeKnownCamera(id, signal));
    } else if (ready.credentials === 'kept') {
      setProblem('To try a changed address, choose “other ones” and type user name and password again, or “none”.');
    } else {
      const connection = { ...connectionOf(ready), url: url ?? ready.url };
      void probe.ask((signal) => facegateApi.probeCamera({ ...connection, width: ready.width }, signal));
    }
  };
  const save = async (event: Event) => {
    event.preventDefault();
    const ready = checked();
    if (!ready) return;
    const patch = patchOf(ready, camera);
    if (Object.keys(patch).length === 0) {
      closeDialog();
      return;
    }
    setSaving(true);
    try {
      const changed = await facegateApi.changeCamera(id, patch);
      await refreshCameras();
      announce(`${changed.name} is changed.`);
      closeDialog();
    } catch (error) {
      setProblem(sentence(errorText(error)));
      setSaving(false);
    }
  };
  const busy = saving || probe.busy;
  return (
    <Dialog title={`Change ${name}`} onClose={closeDialog}>
      <form class="form" onSubmit={save}>
        <label class="field">
          <span>Name</span>
          <input
            type="text"
            name="name"
            autocomplete="off"
            maxLength={100}
            placeholder={id}
            value={draft.name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <ConnectionFields draft={draft} change={change} known />
        <MoreFields draft={draft} change={change} known />
        <p id="camera-problem" class="problem" role="alert">
          {problem}
        </p>
        <Answer probe={probe} width={draft.width} onWidth={(width) => change({ width })} />
        <div class="dialog-actions">
          <button type="button" class="button" disabled={busy} onClick={tryIt}>
            {probe.busy ? 'Trying …' : 'Try it'}
          </button>
          <button type="submit" class="button button-main" disabled={busy}>
            {saving ? 'Saving …' : 'Save'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Answer({ probe, width, onWidth }: { probe: Probe; width: number; onWidth?: (width: number) => void }) {
  return (
    <div aria-live="polite">
      {probe.busy && <p class="muted">Opening the camera; this takes up to a few seconds …</p>}
      {probe.problem !== null && <p class="problem">{probe.problem}</p>}
      {probe.answer && <ProbeResult answer={probe.answer} width={width} {...(onWidth && { onWidth })} />}
    </div>
  );
}
