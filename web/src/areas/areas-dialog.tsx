import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, errorText } from '../api/api-error.ts';
import type { CameraPatch, CameraView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { cameras, refreshCameras } from '../state/cameras.ts';
import { CopyLines } from '../ui/copy-lines.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { PictureCanvas } from '../ui/picture-canvas.tsx';
import { sentence } from '../ui/sentence.ts';
import { AreaCanvas, areaName } from './area-canvas.tsx';
import {
  type AreaKind,
  areasOf,
  beginArea,
  cancel,
  closeArea,
  type Drawing,
  draftProblem,
  removeSelected,
  select,
  startDrawing,
  undo,
} from './area-drawing.ts';
import { areasYaml } from './areas-yaml.ts';

export function AreasDialog({ id }: { id: string }) {
  // As it was when the dialog opened: what comes in meanwhile must not undo what is drawn.
  const [camera] = useState(() => cameras.peek()?.find((one) => one.id === id) ?? null);
  if (camera) return <Areas camera={camera} />;
  return (
    <Dialog title="Areas" onClose={closeDialog}>
      <p>This camera is no longer there.</p>
    </Dialog>
  );
}

type Picture = { at: 'loading' } | { at: 'there'; jpeg: Blob } | { at: 'none'; why: string };

/** Zones and masks, drawn on the camera's picture. */
function Areas({ camera }: { camera: CameraView }) {
  const [drawing, setDrawing] = useState<Drawing>(() => startDrawing(camera.zones, camera.masks));
  const [picture, setPicture] = useState<Picture>({ at: 'loading' });
  const [saving, setSaving] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  /** The settings give what was to be changed. */
  const [refused, setRefused] = useState(false);
  const stage = useRef<HTMLDivElement>(null);

  const loadPicture = () => {
    setPicture({ at: 'loading' });
    facegateApi.snapshot(camera.id).then(
      ({ jpeg }) => setPicture({ at: 'there', jpeg }),
      (error: unknown) => setPicture({ at: 'none', why: sentence(errorText(error)) }),
    );
  };
  useEffect(loadPicture, [camera.id]);

  // Keys come faster than what is drawn.
  const latest = useRef(drawing);
  const change = (next: (drawing: Drawing) => Drawing) => {
    latest.current = next(latest.current);
    setDrawing(latest.current);
    setProblem(null);
    setLeaving(false);
  };
  const begin = (kind: AreaKind) => {
    change((now) => beginArea(now, kind));
    stage.current?.querySelector('svg')?.focus();
  };
  const patch = patchOf(drawing, camera);
  const dirty = drawing.draft !== null || Object.keys(patch).length > 0;
  const leave = () => {
    if (dirty && !leaving) setLeaving(true);
    else closeDialog();
  };
  const save = async () => {
    setSaving(true);
    setProblem(null);
    try {
      await facegateApi.changeCamera(camera.id, patch);
      await refreshCameras();
      announce('The areas are saved.');
      closeDialog();
    } catch (error) {
      setProblem(sentence(errorText(error)));
      setRefused(error instanceof ApiError && error.code === 'CAMERA_CONFIGURED');
      setSaving(false);
    }
  };
  const remove = () => {
    change(removeSelected);
    // The button that had the focus may be gone with its area.
    stage.current?.querySelector('svg')?.focus();
  };
  // Wherever the focus is: it may have been on something that was removed.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLTextAreaElement;
      if (event.key === 'Escape' && (latest.current.draft || latest.current.selected)) change(cancel);
      else if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) change(undo);
      else if ((event.key === 'Delete' || event.key === 'Backspace') && !typing) remove();
      else return;
      // The browser would close the dialog.
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  });

  const { draft, areas, selected } = drawing;
  const width = camera.width ?? camera.stream?.width ?? 16;
  const height = camera.height ?? camera.stream?.height ?? 9;
  return (
    <Dialog title={`Areas of ${camera.name}`} onClose={leave} full>
      <div class="areas">
        <div class="areas-tools">
          {draft ? (
            <>
              <button
                type="button"
                class="button button-main"
                disabled={draftProblem(drawing) !== null}
                onClick={() => change(closeArea)}
              >
                Close it
              </button>
              <button type="button" class="button" onClick={() => change(cancel)}>
                Cancel
              </button>
            </>
          ) : (
            <>
              <button type="button" class="button" title="Faces count inside zones only" onClick={() => begin('zone')}>
                <Icon name="plus" /> Zone
              </button>
              <button type="button" class="button" title="Black for everybody" onClick={() => begin('mask')}>
                <Icon name="plus" /> Mask
              </button>
            </>
          )}
          <button
            type="button"
            class="button-icon"
            disabled={drawing.past.length === 0}
            aria-label="Undo"
            title="Undo (Ctrl+Z)"
            onClick={() => change(undo)}
          >
            <Icon name="undo" />
          </button>
          <button
            type="button"
            class="button-icon"
            disabled={draft ? draft.corners.length === 0 : selected === null}
            aria-label={draft ? 'Remove the last corner' : 'Remove what is selected'}
            title="Remove (Delete)"
            onClick={remove}
          >
            <Icon name="trash" />
          </button>
        </div>
        <div
          ref={stage}
          class="areas-stage"
          style={{ '--ratio': String(width / height), aspectRatio: `${width} / ${height}` }}
        >
          {picture.at === 'there' && <PictureCanvas picture={picture.jpeg} label="" longest={1600} />}
          {picture.at !== 'there' && (
            <p class="areas-no-picture">
              {picture.at === 'loading'
                ? 'Taking a picture …'
                : `No picture now: ${picture.why} Areas can be drawn all the same.`}
            </p>
          )}
          <AreaCanvas drawing={drawing} change={change} />
        </div>
        <p class="muted small areas-hint" role="status">
          {hint(drawing)}
        </p>
        {areas.length > 0 && (
          <ul class="chips" aria-label="Areas">
            {areas.map((_, index) => (
              <li key={areaName(areas, index)}>
                <button
                  type="button"
                  class="chip"
                  aria-pressed={selected?.area === index}
                  disabled={draft !== null}
                  onClick={() => change((now) => select(now, index))}
                >
                  {areaName(areas, index)}
                </button>
              </li>
            ))}
          </ul>
        )}
        <p class="problem" role="alert">
          {problem}
        </p>
        {refused && (
          <p>
            Put these lines into the configuration file instead, at this camera, and start the server again. What you
            drew is in them.
          </p>
        )}
        {camera.origin === 'config' && (
          <details class="fold" open={refused}>
            <summary>Lines for the configuration file</summary>
            <CopyLines
              lines={areasYaml(camera.id, areasOf(drawing, 'zone'), areasOf(drawing, 'mask'))}
              label="Lines for the configuration file"
            />
          </details>
        )}
        <div class="dialog-actions areas-actions">
          {leaving ? (
            <>
              <span role="alert">What you drew is not saved.</span>
              <button type="button" class="button button-danger" onClick={closeDialog}>
                Drop it
              </button>
              <button type="button" class="button" onClick={() => setLeaving(false)}>
                Go on drawing
              </button>
            </>
          ) : (
            <>
              <button type="button" class="button" onClick={loadPicture} disabled={picture.at === 'loading'}>
                New picture
              </button>
              <span class="bar-space" />
              <button
                type="button"
                class="button button-main"
                disabled={saving || draft !== null || Object.keys(patch).length === 0}
                onClick={save}
              >
                {saving ? 'Saving …' : 'Save'}
              </button>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}

/** What differs from how the camera was. */
function patchOf(drawing: Drawing, camera: CameraView): CameraPatch {
  const zones = areasOf(drawing, 'zone');
  const masks = areasOf(drawing, 'mask');
  return {
    ...(JSON.stringify(zones) === JSON.stringify(camera.zones) ? {} : { zones }),
    ...(JSON.stringify(masks) === JSON.stringify(camera.masks) ? {} : { masks }),
  };
}

function hint(drawing: Drawing): string {
  const { draft, selected, areas } = drawing;
  if (draft) {
    if (draft.corners.length < 3) return `Click or tap the corners of the ${draft.kind}, one after the other.`;
    return draftProblem(drawing) ?? 'Close it at its first corner, with Enter or the button.';
  }
  if (selected) return 'Drag its corners. Delete removes it, or the corner that was touched last.';
  if (areas.length === 0) {
    return 'Without a zone, faces count everywhere. A mask is black for everybody, also in what is stored and sent.';
  }
  return areas.some(({ kind }) => kind === 'zone')
    ? 'Faces count inside the zones only.'
    : 'Faces count everywhere that is not masked.';
}
