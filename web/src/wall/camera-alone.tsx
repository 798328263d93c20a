import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { CameraView } from '../api/api-types.ts';
import { EventList } from '../events/event-list.tsx';
import { eventsHref } from '../events/event-query.ts';
import { CameraPicture } from '../preview/camera-picture.tsx';
import { ViewingSwitch } from '../preview/viewing-switch.tsx';
import { dialog } from '../shell/open-dialog.ts';
import { toggleFullScreen } from '../shell/shortcuts.ts';
import { announce } from '../state/announce.ts';
import { glanceOf } from '../state/glances.ts';
import { hrefOf } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Icon } from '../ui/icon.tsx';
import { CameraNotices, CameraTools } from './camera-tools.tsx';
import { FaceList } from './face-list.tsx';
import { facesSummary, number2 } from './face-words.ts';
import { StageStrip } from './stage-strip.tsx';
import { takeMoment } from './take-moment.ts';
import { useLiveness } from './use-liveness.ts';

/** One camera as large as it goes, with its faces in words, its figures and its events. */
export function CameraAlone({ camera }: { camera: CameraView }) {
  const liveness = useLiveness(camera);
  const glance = glanceOf(camera.id).value;
  const name = camera.name;
  const [taking, setTaking] = useState(false);
  const canEnrol = may('enroll') && liveness.live && !taking && glance !== null && glance.frame.faces.length > 0;
  const enrol = async () => {
    setTaking(true);
    try {
      dialog.value = { name: 'enrol-from-camera', ...(await takeMoment(camera.id)) };
    } catch (error) {
      announce(errorText(error));
    } finally {
      setTaking(false);
    }
  };
  return (
    <div class="wall">
      <section class="alone" aria-label={name}>
        <div class="wall-bar">
          <a class="button button-quiet" href={hrefOf('wall')} title="Back to the wall (Esc)">
            <Icon name="back" /> <span class="wide-only">Wall</span>
          </a>
          <h1 class="alone-name">{name}</h1>
          <span class={`state state-${liveness.tone}`}>
            <span class="dot" aria-hidden="true" />
            <span class="wide-only">{liveness.word}</span>
          </span>
          <span class="bar-space bar-space-alone" />
          {may('enroll') && (
            <button
              type="button"
              class="button"
              disabled={!canEnrol}
              aria-label="Enrol a face"
              title="Take this moment’s picture and enrol a face of it"
              onClick={enrol}
            >
              <Icon name="people" /> <span class="wide-only">Enrol a face</span>
            </button>
          )}
          <CameraTools camera={camera} />
          <ViewingSwitch />
          <button
            type="button"
            class="button-icon button-full"
            aria-label="Full screen"
            title="Full screen (f)"
            onClick={toggleFullScreen}
          >
            <Icon name="full" />
          </button>
        </div>
        <CameraNotices camera={camera} />
        <div class="alone-picture" data-camera={camera.id} data-live={String(liveness.live)} data-full-screen>
          <CameraPicture
            camera={camera}
            label={`${name}: ${liveness.live && glance ? facesSummary(glance.frame.faces) : liveness.word}`}
          />
          {liveness.sentence !== null && (
            <span class="not-live">
              <span class="not-live-word">{liveness.word}</span>
              <span>{liveness.sentence}</span>
            </span>
          )}
        </div>
      </section>
      <aside class="rail" aria-label={`About ${name}`}>
        <section class="panel">
          <div class="panel-head">
            <h2>Faces now</h2>
            <span class="muted small">{similarityHeading(glance?.frame.threshold)}</span>
          </div>
          <FaceList faces={liveness.live && glance ? glance.frame.faces : []} live={liveness.live} />
        </section>
        <section class="panel">
          <h2>This camera</h2>
          <StageStrip camera={camera} />
        </section>
        <section class="panel panel-fill">
          <div class="panel-head">
            <h2>Events here</h2>
            <a class="small" href={eventsHref({ camera: camera.id })}>
              All
            </a>
          </div>
          <EventList camera={camera.id} most={40} />
        </section>
      </aside>
    </div>
  );
}

const similarityHeading = (threshold: number | null | undefined) =>
  `similarity${typeof threshold === 'number' ? ` (known from ${number2(threshold)})` : ''} / quality`;
