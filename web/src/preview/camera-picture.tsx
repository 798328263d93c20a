import { useEffect, useState } from 'preact/hooks';
import type { CameraView } from '../api/api-types.ts';
import { CameraCanvas } from '../wall/camera-canvas.tsx';
import { SmoothCanvas, type SmoothState } from './smooth-canvas.tsx';
import { viewing } from './viewing.ts';

/** A preview that may do later is tried again after this. */
const AGAIN_MS = 30_000;

/**
 * A camera's picture in the way that was chosen. Where it cannot be shown smoothly, it is shown exactly, and says why; so it
 * is until the video plays.
 */
export function CameraPicture({ camera, label }: { camera: CameraView; label: string }) {
  const [state, setState] = useState<SmoothState>({ at: 'opening' });
  // The picture of a camera that is away has its own words.
  const comes = camera.state === 'running' || camera.state === 'frozen' || camera.state === 'stalled';
  const wanted = viewing.value === 'smooth' && comes;
  const refused = state.at === 'refused' ? state : null;

  // Another choice, another address, another codec: what was refused may do now.
  useEffect(() => setState({ at: 'opening' }), [wanted, camera.url, camera.streamInUse?.url, camera.stream?.codec]);
  useEffect(() => {
    if (!refused?.again) return;
    const timer = setTimeout(() => setState({ at: 'opening' }), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [refused]);

  const smooth = wanted && !refused;
  const playing = smooth && state.at === 'playing';
  return (
    <>
      {!playing && <CameraCanvas camera={camera.id} label={label} />}
      {smooth && (
        <span class={playing ? 'smooth' : 'smooth smooth-opening'} data-smooth={state.at}>
          <SmoothCanvas camera={camera.id} label={label} onState={setState} />
        </span>
      )}
      {wanted && refused && (
        <span class="view-note" role="status">
          Exact pictures: {lowerStart(refused.why)}
        </span>
      )}
    </>
  );
}

const lowerStart = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
