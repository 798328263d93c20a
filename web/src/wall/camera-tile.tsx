import { useId, useState } from 'preact/hooks';
import type { CameraView } from '../api/api-types.ts';
import { CameraPicture } from '../preview/camera-picture.tsx';
import { glanceOf } from '../state/glances.ts';
import { hrefOf } from '../state/route.ts';
import { Icon } from '../ui/icon.tsx';
import { durationWords } from '../ui/time-words.ts';
import { facesSummary } from './face-words.ts';
import { StageStrip } from './stage-strip.tsx';
import { useLiveness } from './use-liveness.ts';

/** One camera of the wall: its picture, and under it what state it is in. */
export function CameraTile({ camera, index }: { camera: CameraView; index: number }) {
  const [open, setOpen] = useState(false);
  const detailsId = useId();
  const liveness = useLiveness(camera);
  const glance = glanceOf(camera.id).value;
  const name = camera.name;
  const summary = liveness.live && glance ? facesSummary(glance.frame.faces) : liveness.word;
  return (
    <article class="tile" data-camera={camera.id} data-live={String(liveness.live)} aria-label={name}>
      <a class="tile-picture" href={hrefOf('wall', camera.id)} aria-label={`Show ${name} alone`}>
        <CameraPicture camera={camera} label={`${name}: ${summary}`} />
        {liveness.sentence !== null && (
          <span class="not-live">
            <span class="not-live-word">{liveness.word}</span>
            <span>{liveness.sentence}</span>
          </span>
        )}
      </a>
      <div class="tile-strip">
        {index < 9 && (
          <kbd class="tile-key" title={`Press ${index + 1} to show it alone`}>
            {index + 1}
          </kbd>
        )}
        <span class="tile-name" title={name}>
          {name}
        </span>
        <span class={`state state-${liveness.tone}`}>
          <span class="dot" aria-hidden="true" />
          {liveness.word}
        </span>
        <span class="tile-figures">
          {liveness.live && (
            <span title="Frames a second that were analysed">{camera.fps.analysed.toFixed(1)} fps</span>
          )}
          {liveness.live && glance && (
            <span title="How old the picture was when it was sent">{durationWords(glance.frame.ageMs)} old</span>
          )}
        </span>
        <button
          type="button"
          class="button-icon button-small"
          aria-expanded={open}
          aria-controls={detailsId}
          aria-label={`Figures of ${name}`}
          title="Figures"
          onClick={() => setOpen(!open)}
        >
          <Icon name="chevron" />
        </button>
      </div>
      {open && <StageStrip camera={camera} id={detailsId} />}
    </article>
  );
}
