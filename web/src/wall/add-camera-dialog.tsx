import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { ProbeAnswer } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { cameras, refreshCameras } from '../state/cameras.ts';
import { go } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Dialog } from '../ui/dialog.tsx';
import { CameraAdded } from './camera-added.tsx';
import { type CameraDraft, ID_PATTERN, suggestId, urlProblem } from './camera-draft.ts';
import { ProbeResult } from './probe-result.tsx';

/** Address first: try it, see its picture, then add it. */
export function AddCameraDialog() {
  const [draft, setDraft] = useState<CameraDraft>({ id: '', name: '', url: '', fps: 5, transport: 'tcp' });
  const [ownId, setOwnId] = useState(false);
  const [probe, setProbe] = useState<{ of: string; answer: ProbeAnswer } | null>(null);
  const [busy, setBusy] = useState<'probe' | 'add' | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [added, setAdded] = useState<CameraDraft | null>(null);
  const probing = useRef<AbortController | null>(null);
  useEffect(() => () => probing.current?.abort(), []);

  const change = (part: Partial<CameraDraft>) => {
    const next = { ...draft, ...part };
    if (!ownId && part.id === undefined) {
      const taken = (cameras.peek() ?? []).map((camera) => camera.id);
      next.id = next.name || next.url ? suggestId(next.name, next.url, taken) : '';
    }
    setDraft(next);
    setProblem(null);
    if (part.url !== undefined || part.transport !== undefined) {
      probing.current?.abort();
      setProbe(null);
    }
  };

  const askProbe = async () => {
    const wrong = urlProblem(draft.url);
    setProblem(wrong);
    if (wrong !== null) return;
    const url = draft.url.trim();
    const abort = new AbortController();
    probing.current = abort;
    setBusy('probe');
    setProbe(null);
    try {
      const answer = await facegateApi.probeCamera({ url, transport: draft.transport }, abort.signal);
      setProbe({ of: url, answer });
    } catch (error) {
      if (!abort.signal.aborted) setProblem(errorText(error));
    } finally {
      setBusy(null);
    }
  };

  const add = async (event: Event) => {
    event.preventDefault();
    const wrong = urlProblem(draft.url);
    setProblem(wrong);
    if (wrong !== null) return;
    setBusy('add');
    const name = draft.name.trim();
    const url = draft.url.trim();
    try {
      await facegateApi.addCamera({
        id: draft.id,
        url,
        fps: draft.fps,
        transport: draft.transport,
        ...(name === '' ? {} : { name }),
      });
      void refreshCameras();
      setAdded({ ...draft, name, url });
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(null);
    }
  };

  if (!may('admin')) {
    return (
      <Dialog title="Add a camera" onClose={closeDialog}>
        <p>Your key may look, but not add cameras. A key with the scope “admin” can.</p>
      </Dialog>
    );
  }
  if (added) {
    return (
      <Dialog title={`${added.name || added.id} is added`} onClose={closeDialog}>
        <CameraAdded
          draft={added}
          onShow={() => {
            closeDialog();
            go('wall', added.id);
          }}
        />
      </Dialog>
    );
  }
  const overRtsp = !/^webcam:/i.test(draft.url.trim());
  return (
    <Dialog title="Add a camera" onClose={closeDialog}>
      <form class="form" onSubmit={add}>
        <label class="field">
          <span>Address</span>
          <input
            type="text"
            name="url"
            autofocus
            inputMode="url"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="rtsp://user:password@10.0.0.5/stream1"
            value={draft.url}
            onInput={(event) => change({ url: event.currentTarget.value })}
            aria-describedby="camera-problem"
          />
        </label>
        <div class="form-row">
          <label class="field field-grow">
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
          <label class="field field-grow">
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
        <div class="form-row">
          <label class="field">
            <span>Frames a second, at most</span>
            <input
              type="number"
              name="fps"
              min={0.1}
              max={60}
              step="any"
              required
              value={draft.fps}
              onInput={(event) => change({ fps: event.currentTarget.valueAsNumber })}
            />
          </label>
          {overRtsp && (
            <label class="field">
              <span>Transport</span>
              <select
                name="transport"
                value={draft.transport}
                onChange={(event) => change({ transport: event.currentTarget.value === 'udp' ? 'udp' : 'tcp' })}
              >
                <option value="tcp">TCP (whole pictures)</option>
                <option value="udp">UDP (may smear)</option>
              </select>
            </label>
          )}
        </div>
        <p id="camera-problem" class="problem" role="alert">
          {problem}
        </p>
        <div aria-live="polite">
          {busy === 'probe' && <p class="muted">Opening the camera; this takes up to a few seconds …</p>}
          {probe && <ProbeResult answer={probe.answer} />}
        </div>
        <div class="dialog-actions">
          <button type="button" class="button" disabled={busy !== null} onClick={askProbe}>
            {busy === 'probe' ? 'Probing …' : 'Probe'}
          </button>
          <button type="submit" class="button button-main" disabled={busy !== null}>
            {busy === 'add' ? 'Adding …' : probe && !probe.answer.ok ? 'Add anyway' : 'Add'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
