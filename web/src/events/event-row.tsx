import type { AccessEvent } from '../api/api-types.ts';
import { cameraName } from '../state/cameras.ts';
import { doorName } from '../state/doors.ts';
import { now } from '../state/now.ts';
import { hrefOf, momentHref } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { clockTime } from '../ui/time-words.ts';
import { unknowns } from '../unknowns/unknowns.ts';
import { type EventKind, eventKind, eventWords, similarityWords } from './event-words.ts';

const ICONS: Record<EventKind, IconName> = {
  granted: 'check',
  denied: 'cross',
  seen: 'eye',
  left: 'leave',
  camera: 'camera',
  system: 'warn',
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

export function EventRow({ event }: { event: AccessEvent }) {
  const kind = eventKind(event.type);
  const { who, where, why } = eventWords(event, { door: doorName, camera: cameraName });
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
        <Icon name={ICONS[kind]} size={16} />
      </span>
      <span class="event-head">
        {ANSWERS[kind] && <span class="event-answer">{ANSWERS[kind]}</span>} <span class="event-who">{who}</span>
        {kind === 'granted' && event.replay && (
          <span class="tag" title="Read back from the log: this grant is over and opened nothing now">
            replayed
          </span>
        )}
      </span>
      <time class="event-time figure" dateTime={event.decidedAt} title={`Number ${event.sequence}`}>
        {clockTime(event.decidedAt, now.peek())}
      </time>
      {details.length > 0 && (
        <span class="event-details">
          {details.join(' · ')}
          {may('enroll') && mayBeNamed(event) && (
            <>
              {' · '}
              <a href={momentOf(event)}>Who is this?</a>
            </>
          )}
        </span>
      )}
    </li>
  );
}
