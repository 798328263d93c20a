import { doors } from '../state/doors.ts';
import { hrefOf } from '../state/route.ts';
import { DoorAnswer } from './door-answer.tsx';
import { lastAnswers } from './last-answers.ts';
import { LockdownSign } from './lockdown-sign.tsx';

/** The doors' last answers, beside the wall; of one that is locked down, that. */
export function DoorStrip() {
  const list = doors.value;
  if (!list || list.length === 0) return null;
  // There may be more of them than can be seen.
  const lockedFirst = list.toSorted((a, b) => Number(b.lockdown !== null) - Number(a.lockdown !== null));
  return (
    <section class="door-strip" aria-label="Doors">
      {lockedFirst.map(({ id, name, lockdown, openNow, schedule }) => (
        <a
          key={id}
          class={lockdown ? 'door-small door-locked' : 'door-small'}
          href={hrefOf('doors')}
          data-door={id}
          data-locked={String(lockdown !== null)}
        >
          <span class="door-small-name">
            {name}
            {!openNow && ` · closed by “${schedule}”`}
          </span>
          {lockdown ? <LockdownSign lockdown={lockdown} /> : <DoorAnswer event={lastAnswers.value.get(id)} />}
        </a>
      ))}
    </section>
  );
}
