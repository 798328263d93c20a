import { doors } from '../state/doors.ts';
import { hrefOf } from '../state/route.ts';
import { DoorAnswer } from './door-answer.tsx';
import { lastAnswers } from './last-answers.ts';

/** The doors' last answers, beside the wall. */
export function DoorStrip() {
  const list = doors.value;
  if (!list || list.length === 0) return null;
  return (
    <section class="door-strip" aria-label="Doors">
      {list.map((door) => (
        <a key={door.id} class="door-small" href={hrefOf('doors')} data-door={door.id}>
          <span class="door-small-name">{door.name}</span>
          <DoorAnswer event={lastAnswers.value.get(door.id)} />
        </a>
      ))}
    </section>
  );
}
