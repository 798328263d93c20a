import type { AccessEvent } from '../api/api-types.ts';
import { reasonWords, similarityWords } from '../events/event-words.ts';
import { heardAt } from '../state/events.ts';
import { now } from '../state/now.ts';
import { Icon } from '../ui/icon.tsx';
import { agoWords } from '../ui/time-words.ts';
import { isFresh } from './answer-age.ts';

/** What the door said last, readable from across the room; filled only while it counts. */
export function DoorAnswer({ event }: { event: AccessEvent | undefined }) {
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
  return (
    <div
      class={`answer ${granted ? 'answer-granted' : 'answer-denied'} ${fresh ? 'answer-fresh' : ''}`}
      data-fresh={String(fresh)}
    >
      <span class="answer-word">
        <Icon name={granted ? 'check' : 'cross'} size={26} />
        {granted ? 'Granted' : 'Denied'}
      </span>
      <span class="answer-who">{event.subject?.name ?? (byHand ? 'By hand' : 'Unknown person')}</span>
      <span class="answer-why">
        {[why, figures, fresh ? null : agoWords(heard ?? Date.parse(event.decidedAt), nowMs)]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </div>
  );
}
