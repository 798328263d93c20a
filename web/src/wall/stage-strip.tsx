import type { CameraView, Timings } from '../api/api-types.ts';
import { doorName } from '../state/doors.ts';
import { glanceOf } from '../state/glances.ts';
import { durationWords } from '../ui/time-words.ts';

const STAGES: readonly { stage: Exclude<keyof Timings, 'total'>; means: string }[] = [
  { stage: 'queue', means: 'Waiting for a free network' },
  { stage: 'detect', means: 'Finding faces' },
  { stage: 'embed', means: 'Aligning and embedding them' },
  { stage: 'identify', means: 'Searching the gallery' },
];

/** Where a frame's time goes, and the rest of what is known of a camera. */
export function StageStrip({ camera, id }: { camera: CameraView; id?: string }) {
  const glance = glanceOf(camera.id).value;
  const timings = glance?.timings ?? camera.timings;
  const size = glance?.frame ?? camera;
  return (
    <div class="stages" id={id}>
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
        <p class="muted small">No frame was analysed yet.</p>
      )}
      <dl class="facts">
        <Fact name="Analysed" value={`${camera.fps.analysed.toFixed(1)} of ${camera.fps.configured} fps`} />
        <Fact name="Dropped" value={`${glance?.frame.dropped.busy ?? camera.dropped.busy} while busy`} />
        <Fact name="Picture" value={size.width && size.height ? `${size.width} × ${size.height}` : '–'} />
        <Fact name="Connections" value={String(camera.connections)} />
        {camera.doors.length > 0 && <Fact name="Doors" value={camera.doors.map(doorName).join(', ')} />}
        <Fact name="Address" value={camera.url} />
      </dl>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
