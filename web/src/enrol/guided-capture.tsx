import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveMessage } from '../api/live-message.ts';
import { cameras } from '../state/cameras.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { watchCamera } from '../state/live-pictures.ts';
import { Icon } from '../ui/icon.tsx';
import { CameraCanvas } from '../wall/camera-canvas.tsx';
import { cutOutFace } from './cut-out-face.ts';
import { type Guidance, guideFace, HINT_WORDS, type Hint, type Pose } from './guide-face.ts';
import { createSteadyShot } from './steady-shot.ts';

const POSES: readonly { pose: Pose; label: string }[] = [
  { pose: 'front', label: 'From the front' },
  { pose: 'left', label: 'A little left' },
  { pose: 'right', label: 'A little right' },
];
/** No frame for so long: the camera shows nothing to speak of. */
const SILENT_MS = 4000;

interface GuidedCaptureProps {
  /** How many pictures are in the list. */
  taken: number;
  onShot(picture: File): void;
  onDone(): void;
}

type Seen = { readonly message: LiveMessage; readonly guidance: Guidance };

/** A camera's live picture, one hint at a time, and a shot when the face was fit for a moment. */
export function GuidedCapture({ taken, onShot, onDone }: GuidedCaptureProps) {
  const running = cameras.value?.filter((camera) => camera.enabled && camera.state === 'running') ?? [];
  const [chosen, setChosen] = useState(() => readKept('enrol-camera'));
  const camera = running.find(({ id }) => id === chosen) ?? running[0] ?? null;
  const [pose, setPose] = useState<Pose>('front');
  const [done, setDone] = useState<ReadonlySet<Pose>>(new Set());
  const [hint, setHint] = useState<Hint | 'waiting' | 'silent' | 'taken'>('waiting');
  const [progress, setProgress] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const newest = useRef<Seen | null>(null);
  const [canTake, setCanTake] = useState(false);
  const shooting = useRef(false);

  const shoot = async ({ message, guidance }: Seen) => {
    if (!guidance.face || shooting.current) return;
    shooting.current = true;
    setProblem(null);
    try {
      const { frame, jpeg } = message;
      const picture = new Blob([jpeg], { type: 'image/jpeg' });
      onShot(await cutOutFace(picture, frame, guidance.face, `${frame.camera}-${frame.sequence}.jpg`));
      setHint('taken');
      const now = new Set(done).add(pose);
      setDone(now);
      setPose(POSES.find((one) => !now.has(one.pose))?.pose ?? pose);
    } catch {
      setProblem('The picture could not be cut.');
    } finally {
      shooting.current = false;
    }
  };
  const shootNow = useRef(shoot);
  shootNow.current = shoot;

  const complete = done.size === POSES.length;
  const id = camera?.id;
  useEffect(() => {
    if (id === undefined) return;
    setHint((before) => (before === 'taken' ? before : 'waiting'));
    setProgress(0);
    setCanTake(false);
    newest.current = null;
    const steady = createSteadyShot<Seen>();
    let silent: ReturnType<typeof setTimeout> | undefined;
    const begun = performance.now();
    const listen = () => {
      clearTimeout(silent);
      silent = setTimeout(() => {
        newest.current = null;
        setCanTake(false);
        setHint('silent');
      }, SILENT_MS);
    };
    listen();
    const stop = watchCamera(id, (message) => {
      listen();
      const guidance = guideFace(message.frame, pose);
      const seen = { message, guidance };
      newest.current = seen;
      setCanTake(guidance.face !== null && guidance.hint !== 'several' && guidance.hint !== 'too_small');
      // After a shot there is a moment to read what comes next, and to turn.
      const nowMs = performance.now();
      if (nowMs - begun < 900 || complete) return;
      const shot = steady.push(guidance, seen, nowMs);
      if (steady.hint) setHint(steady.hint);
      setProgress(steady.progress);
      if (shot) void shootNow.current(shot);
    });
    return () => {
      clearTimeout(silent);
      stop();
    };
  }, [id, pose, complete]);

  if (!camera) {
    return (
      <div class="capture">
        <p class="note">No camera shows a picture now. Choose pictures instead, or come back when one is live.</p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onDone}>
            Back
          </button>
        </div>
      </div>
    );
  }
  const said =
    complete && hint === 'taken'
      ? 'All three are taken. Add more, or go on.'
      : hint === 'waiting'
        ? 'Waiting for a picture …'
        : hint === 'silent'
          ? 'The camera sends no picture now.'
          : hint === 'taken'
            ? `Taken. Next: ${POSES.find((one) => one.pose === pose)!.label.toLowerCase()}.`
            : HINT_WORDS[hint];
  const good = hint === 'good' || hint === 'taken';
  return (
    <div class="capture" data-hint={hint}>
      {running.length > 1 && (
        <label class="field">
          <span>Camera</span>
          <select
            value={camera.id}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
              writeKept('enrol-camera', event.currentTarget.value);
            }}
          >
            {running.map(({ id: one, name }) => (
              <option key={one} value={one}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="capture-picture" data-live="true">
        <CameraCanvas key={camera.id} camera={camera.id} label={`${camera.name}, live`} />
      </div>
      <p class={good ? 'capture-hint capture-good' : 'capture-hint'} role="status">
        <Icon name={good ? 'check' : 'eye'} />
        <span>{said}</span>
      </p>
      <progress class="capture-progress" max={1} value={progress} aria-label="How long the face has been fit" />
      <fieldset class="chips capture-poses">
        <legend class="sr-only">How the head is to be held</legend>
        {POSES.map((one) => (
          <button
            key={one.pose}
            type="button"
            class="chip"
            aria-pressed={one.pose === pose}
            onClick={() => setPose(one.pose)}
          >
            {done.has(one.pose) && <Icon name="check" size={14} />} {one.label}
            {done.has(one.pose) && <span class="sr-only">, taken</span>}
          </button>
        ))}
      </fieldset>
      <p class="muted small">
        Left and right are those of the person. The picture is taken when the face was fit for a moment; three that
        differ are found again more surely than one.
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="dialog-actions">
        <button
          type="button"
          class="button"
          disabled={!canTake}
          onClick={() => newest.current && void shoot(newest.current)}
        >
          <Icon name="camera" /> Take it now
        </button>
        <button type="button" class="button button-main" onClick={onDone}>
          {taken === 0 ? 'Back' : `Go on with ${taken} ${taken === 1 ? 'picture' : 'pictures'}`}
        </button>
      </div>
    </div>
  );
}
