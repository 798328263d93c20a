import type { AccessEvent } from '../api/api-types.ts';
import { EventPicture, mayHavePicture } from '../events/event-picture.tsx';
import { reasonWords, similarityWords } from '../events/event-words.ts';
import { heardAt } from '../state/events.ts';
import { now } from '../state/now.ts';
import { Icon } from '../ui/icon.tsx';
import { agoWords } from '../ui/time-words.ts';
import { isFresh } from './answer-age.ts';

/** What the door said last, readable from across the room; filled only while it counts. `pictured`: with the picture of the moment. */
export function DoorAnswer({ event, pictured = false }: { event: AccessEvent | undefined; pictured?: boolean }) {
  if (!event) {
    return (
      <div class="answer answer-none">
        <span class="answer-word">No answer yet</span>
        <span class="answer-why">Nobody has come to this door.</span>
      </div>
    );
  }
  const granted = event.type === 'access.granted';
  const heard = heardAt.get(event.sequence);
  const nowMs = Math.max(now.value, heard ?? 0);
  const fresh = isFresh(event, heard, nowMs);
  const byHand = granted && event.reason === 'manual';
  const why = event.reason === null || byHand ? null : reasonWords(event.reason);
  const figures = similarityWords(event);
  const who = event.subject?.name ?? (byHand ? 'By hand' : 'Unknown person');
  const withPicture = pictured && mayHavePicture(event);
  return (
    <div
      class={`answer ${granted ? 'answer-granted' : 'answer-denied'} ${fresh ? 'answer-fresh' : ''} ${withPicture ? 'answer-pictured' : ''}`}
      data-fresh={String(fresh)}
    >
      <span class="answer-word">
        <Icon name={granted ? 'check' : 'cross'} size={26} />
        {granted ? 'Granted' : 'Denied'}
      </span>
      <span class="answer-who">{who}</span>
      <span class="answer-why">
        {[why, figures, fresh ? null : agoWords(heard ?? Date.parse(event.decidedAt), nowMs)]
          .filter(Boolean)
          .join(' · ')}
      </span>
      {withPicture && <EventPicture event={event} label={`${who}, when the door answered`} />}
    </div>
  );
}
