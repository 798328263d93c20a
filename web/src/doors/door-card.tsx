import type { DoorView } from '../api/api-types.ts';
import { subjectOf } from '../people/subject-lookup.ts';
import { cameraName } from '../state/cameras.ts';
import { hrefOf } from '../state/route.ts';
import { DoorAnswer } from './door-answer.tsx';
import { lastAnswers } from './last-answers.ts';

const seconds = (ms: number) => `${ms / 1000} s`;

export function DoorCard({ door }: { door: DoorView }) {
  return (
    <article class="door panel" data-door={door.id} aria-label={door.name}>
      <h2>{door.name}</h2>
      <DoorAnswer event={lastAnswers.value.get(door.id)} />
      <dl class="facts facts-wide">
        <div>
          <dt>Cameras</dt>
          <dd>
            {door.cameras.map((id, index) => (
              <span key={id}>
                {index > 0 && ', '}
                <a href={hrefOf('wall', id)}>{cameraName(id)}</a>
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>Opens for</dt>
          <dd>{door.allow.length === 0 ? 'Nobody: its list is empty' : <Allowed names={door.allow} />}</dd>
        </div>
        <div>
          <dt>Sure after</dt>
          <dd>
            {door.confirm.matches} {door.confirm.matches === 1 ? 'match' : 'matches'} within{' '}
            {seconds(door.confirm.withinMs)}
          </dd>
        </div>
        <div>
          <dt>Oldest picture</dt>
          <dd>{seconds(door.maxAgeMs)}</dd>
        </div>
        <div>
          <dt>Then quiet for</dt>
          <dd>{seconds(door.cooldownMs)}</dd>
        </div>
      </dl>
    </article>
  );
}

/** The list names people by name or id; somebody who is not enrolled can't pass, which the list alone would hide. */
function Allowed({ names }: { names: readonly string[] }) {
  return (
    <>
      {names.map((entry, index) => {
        const subject = subjectOf(entry);
        return (
          <span key={entry}>
            {index > 0 && ', '}
            {subject?.name ?? entry}
            {subject === null && <span class="muted"> (not enrolled)</span>}
          </span>
        );
      })}
    </>
  );
}
