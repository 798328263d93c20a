import type { DoorView } from '../api/api-types.ts';
import { eventsHref } from '../events/event-query.ts';
import { cameraName } from '../state/cameras.ts';
import { hrefOf } from '../state/route.ts';
import { may } from '../state/session.ts';
import { AllowedList } from './allowed-list.tsx';
import { DoorActions } from './door-actions.tsx';
import { DoorAnswer } from './door-answer.tsx';
import { answerCounts, leftOutCounts, scheduleWords } from './door-words.ts';
import { lastAnswers } from './last-answers.ts';
import { LockdownSign } from './lockdown-sign.tsx';

const seconds = (ms: number) => `${ms / 1000} s`;

export function DoorCard({ door }: { door: DoorView }) {
  const { id, name, cameras, allow, lockdown, openNow, confirm, stats } = door;
  const leftOut = leftOutCounts(stats);
  return (
    <article
      class={lockdown ? 'door panel door-locked' : 'door panel'}
      data-door={id}
      data-locked={String(lockdown !== null)}
      aria-label={name}
    >
      <div class="door-head">
        <h2>{name}</h2>
        <span class={openNow ? 'tag tag-group' : 'tag tag-warn'}>{scheduleWords(door)}</span>
      </div>
      {lockdown && <LockdownSign lockdown={lockdown} />}
      <DoorAnswer event={lastAnswers.value.get(id)} pictured />
      <dl class="facts facts-wide">
        <div>
          <dt>Opens for</dt>
          <dd>
            <AllowedList allow={allow} />
          </dd>
        </div>
        <div>
          <dt>Answers</dt>
          <dd>
            <a href={eventsHref({ kinds: ['granted', 'denied'], door: id })}>{answerCounts(stats)}</a> since the start
          </dd>
        </div>
        {leftOut && (
          <div>
            <dt>Left out</dt>
            <dd>
              {leftOut} <span class="muted">(pictures that nothing is decided by)</span>
            </dd>
          </div>
        )}
        <div>
          <dt>Cameras</dt>
          <dd>
            {cameras.map((camera, index) => (
              <span key={camera}>
                {index > 0 && ', '}
                <a href={hrefOf('wall', camera)}>{cameraName(camera)}</a>
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>Sure after</dt>
          <dd>
            {confirm.matches} {confirm.matches === 1 ? 'match' : 'matches'} within {seconds(confirm.withinMs)}
            {door.liveness && ', of a live face'}
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
      {may('door') && <DoorActions door={door} />}
    </article>
  );
}
