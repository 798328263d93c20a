import { useEffect, useRef, useState } from 'preact/hooks';
import { DoorStrip } from '../doors/door-strip.tsx';
import { EventFilter } from '../events/event-filter.tsx';
import { EventList } from '../events/event-list.tsx';
import { ViewingSwitch } from '../preview/viewing-switch.tsx';
import { dialog } from '../shell/open-dialog.ts';
import { toggleFullScreen } from '../shell/shortcuts.ts';
import { cameras, camerasError, refreshCameras } from '../state/cameras.ts';
import { connection } from '../state/connection.ts';
import { hrefOf } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { CameraAlone } from './camera-alone.tsx';
import { CameraTile } from './camera-tile.tsx';
import { wallColumns } from './wall-layout.ts';

const GAP = 10;
const STRIP = 38;
/** As in wall.css: from there on the wall fills the window; a narrower page scrolls. */
const FILLS_WINDOW = '(min-width: 1080px)';

export function WallPage({ camera }: { camera: string | null }) {
  const list = cameras.value;
  if (list && camera !== null) {
    const one = list.find(({ id }) => id === camera);
    if (one) return <CameraAlone key={camera} camera={one} />;
  }
  return (
    <div class="wall">
      <section class="wall-main" aria-label="Cameras">
        <WallBar />
        {camera !== null && list && (
          <p class="note">
            There is no camera “{camera}”. <a href={hrefOf('wall')}>To the wall</a>
          </p>
        )}
        {camerasError.value && !list && (
          <Failure what="The cameras could not be listed." error={camerasError.value} onRetry={refreshCameras} />
        )}
        {!list && !camerasError.value && <TilesLoading />}
        {list?.length === 0 && <NoCameras />}
        {list && list.length > 0 && <Tiles />}
      </section>
      <aside class="rail" aria-label="Doors and events">
        <DoorStrip />
        <section class="panel panel-fill rail-events">
          <div class="panel-head">
            <h2>Events</h2>
            <a class="small" href={hrefOf('events')}>
              All
            </a>
          </div>
          <EventFilter />
          <EventList most={60} />
        </section>
      </aside>
    </div>
  );
}

function WallBar() {
  const list = cameras.value ?? [];
  const running = list.filter(({ state }) => state === 'running').length;
  // One that is switched off is not missed.
  const live =
    running === list.filter(({ enabled }) => enabled).length
      ? running === 1
        ? 'live'
        : 'all live'
      : `${running} live`;
  return (
    <div class="wall-bar">
      <h1 class="wall-count">
        {list.length === 0
          ? 'Cameras'
          : `${list.length} ${list.length === 1 ? 'camera' : 'cameras'}, ${connection.value.at === 'live' ? live : 'not connected'}`}
      </h1>
      <span class="bar-space" />
      {list.length > 0 && <ViewingSwitch />}
      {may('admin') && (
        <button
          type="button"
          class="button"
          aria-label="Add camera"
          title="Add a camera (a)"
          onClick={() => {
            dialog.value = { name: 'add-camera' };
          }}
        >
          <Icon name="plus" /> <span class="wide-only">Add camera</span>
        </button>
      )}
      {list.length > 0 && (
        <button
          type="button"
          class="button-icon"
          aria-label="Full screen"
          title="Full screen (f)"
          onClick={toggleFullScreen}
        >
          <Icon name="full" />
        </button>
      )}
    </div>
  );
}

function Tiles() {
  const list = cameras.value ?? [];
  const element = useRef<HTMLDivElement>(null);
  const [area, setArea] = useState<{ width: number; height: number | null }>({ width: 0, height: null });
  useEffect(() => {
    const box = element.current!;
    const observer = new ResizeObserver(() => {
      const fills = matchMedia(FILLS_WINDOW).matches || document.fullscreenElement === box;
      setArea({ width: box.clientWidth, height: fills ? box.clientHeight : null });
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const { columns, width } = wallColumns(list.length, area, GAP, STRIP);
  return (
    <div
      ref={element}
      class="tiles"
      data-full-screen
      style={{ '--columns': columns, '--tile': area.width === 0 ? '100%' : `${width}px` }}
    >
      {list.map((camera, index) => (
        <CameraTile key={camera.id} camera={camera} index={index} />
      ))}
    </div>
  );
}

function TilesLoading() {
  return (
    <div class="tiles-loading" role="status">
      <span class="sr-only">Loading the cameras</span>
    </div>
  );
}

function NoCameras() {
  return (
    <Empty icon="camera" title="No cameras yet">
      <p>Start the server with one:</p>
      <pre>{'facegate serve \\\n  --camera rtsp://user@10.0.0.5/stream1'}</pre>
      <p class="muted">or write it into the configuration file, or try one out from here.</p>
      {may('admin') && (
        <button
          type="button"
          class="button button-main"
          onClick={() => {
            dialog.value = { name: 'add-camera' };
          }}
        >
          <Icon name="plus" /> Add camera
        </button>
      )}
    </Empty>
  );
}
