import { useState } from 'preact/hooks';
import type { AccessEvent } from '../api/api-types.ts';
import { cameraName } from '../state/cameras.ts';
import { doorName } from '../state/doors.ts';
import { now } from '../state/now.ts';
import { hrefOf, momentHref } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { clockTime, exactTime, timeOfDay } from '../ui/time-words.ts';
import { unknowns } from '../unknowns/unknowns.ts';
import { EventFacts } from './event-facts.tsx';
import { mayHavePicture } from './event-picture.tsx';
import { type EventKind, eventKind, eventWords, similarityWords } from './event-words.ts';

const ICONS: Record<EventKind, IconName> = {
  granted: 'check',
  denied: 'cross',
  seen: 'eye',
  left: 'leave',
  door: 'doors',
  camera: 'camera',
  system: 'warn',
};

/** Of these the kind alone would say too little. */
const TYPE_ICONS: Partial<Record<AccessEvent['type'], IconName>> = {
  'door.locked_down': 'lock',
  'door.released': 'unlock',
};

const ANSWERS: Partial<Record<EventKind, string>> = {
  granted: 'Granted',
  denied: 'Denied',
  seen: 'Seen',
  left: 'Left',
};

/** Reasons of a face that was clear enough and nobody's. */
const NAMEABLE: ReadonlySet<string | null> = new Set(['unknown', 'threshold', 'margin', 'negative', 'empty_gallery']);

/** Whether somebody was seen who nobody is, so lately that the face may still be there. */
function mayBeNamed({ type, subject, reason, decidedAt }: AccessEvent): boolean {
  const keepMinutes = unknowns.value?.keepMinutes ?? 10;
  return (
    type === 'access.denied' &&
    subject === null &&
    NAMEABLE.has(reason) &&
    now.peek() - Date.parse(decidedAt) < keepMinutes * 60_000
  );
}

function momentOf({ camera, frameSequence }: AccessEvent): string {
  if (camera === null || frameSequence === null) return hrefOf('unknowns');
  return momentHref({ camera, frame: frameSequence });
}

/** A row of the history: under a heading with its day, one of many for the arrow keys, with all its figures on demand. */
interface InHistory {
  readonly isStop: boolean;
  onFocus(): void;
}

export function EventRow({ event, inHistory }: { event: AccessEvent; inHistory?: InHistory }) {
  const [open, setOpen] = useState(false);
  const kind = eventKind(event.type);
  const { who, where, why } = eventWords(event, { door: doorName, camera: cameraName });
  const exact = `${exactTime(event.decidedAt)}, number ${event.sequence}`;
  const isAnswer = kind === 'granted' || kind === 'denied';
  const details = [
    where,
    isAnswer && event.camera !== null ? cameraName(event.camera) : null,
    why,
    similarityWords(event),
  ].filter(Boolean);
  return (
    <li
      class={`event event-${kind}`}
      data-event={event.sequence}
      data-type={event.type}
      data-replay={String(event.replay)}
    >
      <span class="event-icon">
        <Icon name={TYPE_ICONS[event.type] ?? ICONS[kind]} size={16} />
      </span>
      <span class="event-head">
        {ANSWERS[kind] && <span class="event-answer">{ANSWERS[kind]}</span>} <span class="event-who">{who}</span>
        {kind === 'granted' && event.replay && !inHistory && (
          <span class="tag" title="Read back from the log: this grant is over and opened nothing now">
            replayed
          </span>
        )}
      </span>
      {inHistory ? (
        <button
          type="button"
          class="event-time figure"
          tabIndex={inHistory.isStop ? 0 : -1}
          aria-expanded={open}
          title={exact}
          data-exact={exact}
          onFocus={inHistory.onFocus}
          onClick={() => setOpen(!open)}
        >
          <time dateTime={event.decidedAt}>{timeOfDay(event.decidedAt)}</time>
        </button>
      ) : (
        <time class="event-time figure" dateTime={event.decidedAt} title={exact}>
          {clockTime(event.decidedAt, now.peek())}
        </time>
      )}
      {details.length > 0 && (
        <span class="event-details">
          {details.join(' · ')}
          {inHistory && !open && mayHavePicture(event) && (
            <>
              {' · '}
              <button
                type="button"
                class="event-show"
                tabIndex={inHistory.isStop ? 0 : -1}
                onClick={() => setOpen(true)}
              >
                Picture
              </button>
            </>
          )}
          {may('enroll') && mayBeNamed(event) && (
            <>
              {' · '}
              <a href={momentOf(event)}>Who is this?</a>
            </>
          )}
        </span>
      )}
      {open && <EventFacts event={event} who={who} />}
    </li>
  );
}
