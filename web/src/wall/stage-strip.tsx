import type { CameraView, Timings } from '../api/api-types.ts';
import { glanceOf } from '../state/glances.ts';
import { durationWords } from '../ui/time-words.ts';
import { CameraFacts } from './camera-facts.tsx';
import { cameraSummary, sendsWords } from './camera-words.ts';

const STAGES: readonly { stage: Exclude<keyof Timings, 'total'>; means: string }[] = [
  { stage: 'queue', means: 'Waiting for a free network' },
  { stage: 'detect', means: 'Finding faces' },
  { stage: 'embed', means: 'Aligning and embedding them' },
  { stage: 'identify', means: 'Searching the gallery' },
];

/** How a camera is doing, in a sentence; where a frame's time goes; and the rest, folded. */
export function StageStrip({ camera, id }: { camera: CameraView; id?: string }) {
  const timings = glanceOf(camera.id).value?.timings ?? camera.timings;
  const sends = sendsWords(camera);
  return (
    <div class="stages" id={id}>
      <p>{cameraSummary(camera)}</p>
      {sends !== null && <p class="muted">{sends}</p>}
      {camera.conflict !== null && <p class="note">Conflict: {camera.conflict}.</p>}
      {timings ? (
        <dl class="stage-bars">
          {STAGES.map(({ stage, means }) => (
            <div key={stage} title={means}>
              <dt>{stage}</dt>
              <dd>
                <span class="bar" aria-hidden="true">
                  <span style={{ width: `${Math.min(100, (timings[stage] / Math.max(timings.total, 0.1)) * 100)}%` }} />
                </span>
                <span class="figure">{durationWords(timings[stage])}</span>
              </dd>
            </div>
          ))}
          <div title="From the frame's arrival to its result">
            <dt>total</dt>
            <dd>
              <span class="bar bar-whole" aria-hidden="true">
                <span />
              </span>
              <span class="figure">{durationWords(timings.total)}</span>
            </dd>
          </div>
        </dl>
      ) : (
        <p class="muted">No picture was analysed yet.</p>
      )}
      <details class="fold">
        <summary>Details</summary>
        <CameraFacts camera={camera} />
      </details>
    </div>
  );
}
