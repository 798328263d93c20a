import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { cameras, refreshCameras } from '../state/cameras.ts';
import { go } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Dialog } from '../ui/dialog.tsx';
import {
  type CameraDraft,
  connectionOf,
  ID_PATTERN,
  NEW_DRAFT,
  newCameraOf,
  suggestId,
  withSplitUrl,
} from './camera-draft.ts';
import { ConnectionFields, MoreFields } from './camera-fields.tsx';
import { ProbeResult } from './probe-result.tsx';
import { useCameraDraft } from './use-camera-draft.ts';
import { useProbe } from './use-probe.ts';

/** Address first: try it, see its picture, then add it. */
export function AddCameraDialog() {
  const { draft, setDraft, problem, setProblem, checked } = useCameraDraft(() => NEW_DRAFT);
  const [ownId, setOwnId] = useState(false);
  const [adding, setAdding] = useState(false);
  const probe = useProbe();

  const change = (part: Partial<CameraDraft>) => {
    const next = { ...draft, ...part };
    if (!ownId && part.id === undefined) {
      const taken = (cameras.peek() ?? []).map((camera) => camera.id);
      next.id = next.name || next.url ? suggestId(next.name, next.url, taken) : '';
    }
    setDraft(next);
    setProblem(null);
    // Leaving the field moves a password out of the address: the camera is the same.
    if (JSON.stringify(connectionOf(withSplitUrl(next))) !== JSON.stringify(connectionOf(withSplitUrl(draft)))) {
      probe.forget();
    }
  };

  const tryIt = () => {
    const ready = checked();
    if (!ready) return;
    void probe.ask((signal) => facegateApi.probeCamera({ ...connectionOf(ready), width: ready.width }, signal));
  };
  const add = async (event: Event) => {
    event.preventDefault();
    const ready = checked();
    if (!ready) return;
    setAdding(true);
    try {
      const added = await facegateApi.addCamera(newCameraOf(ready));
      await refreshCameras();
      announce(`${added.name} is added.`);
      closeDialog();
      go('wall', added.id);
    } catch (error) {
      setProblem(errorText(error));
      setAdding(false);
    }
  };

  if (!may('admin')) {
    return (
      <Dialog title="Add a camera" onClose={closeDialog}>
        <p>Your key may look, but not add cameras. A key with the scope “admin” can.</p>
      </Dialog>
    );
  }
  const busy = adding || probe.busy;
  return (
    <Dialog title="Add a camera" onClose={closeDialog}>
      <form class="form" onSubmit={add}>
        <ConnectionFields draft={draft} change={change} known={false} />
        <div class="form-row">
          <label class="field">
            <span>
              Name <span class="muted">(may stay empty)</span>
            </span>
            <input
              type="text"
              name="name"
              autocomplete="off"
              maxLength={100}
              placeholder="Front door"
              value={draft.name}
              onInput={(event) => change({ name: event.currentTarget.value })}
            />
          </label>
          <label class="field">
            <span>Id</span>
            <input
              type="text"
              name="id"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              required
              pattern={ID_PATTERN}
              title="1 to 64 of a–z, 0–9, “-” and “_”, starting with a letter or digit"
              value={draft.id}
              onInput={(event) => {
                setOwnId(event.currentTarget.value !== '');
                change({ id: event.currentTarget.value });
              }}
            />
          </label>
        </div>
        <MoreFields draft={draft} change={change} known={false} />
        <p id="camera-problem" class="problem" role="alert">
          {problem ?? probe.problem}
        </p>
        <div aria-live="polite">
          {probe.busy && <p class="muted">Opening the camera; this takes up to a few seconds …</p>}
          {probe.answer && (
            <ProbeResult answer={probe.answer} width={draft.width} onWidth={(width) => change({ width })} />
          )}
        </div>
        <p class="muted small">
          An added camera is kept, also when the server starts again. Its password is kept with it and shown to nobody.
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" disabled={busy} onClick={tryIt}>
            {probe.busy ? 'Trying …' : 'Try it'}
          </button>
          <button type="submit" class="button button-main" disabled={busy}>
            {adding ? 'Adding …' : probe.answer?.ok === false ? 'Add anyway' : 'Add'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
