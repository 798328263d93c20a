import type { AccessEvent } from '../api/api-types.ts';
import { durationWords, exactTime } from '../ui/time-words.ts';
import { EventPicture, mayHavePicture } from './event-picture.tsx';

const figure = (value: number | null) => (value === null ? null : value.toFixed(3));

/** Everything that the event says, for whoever wants to know exactly. */
export function EventFacts({ event, who }: { event: AccessEvent; who: string }) {
  const { capturedAt, decidedAt, expiresAt } = event;
  const facts: readonly [what: string, value: string | null][] = [
    ['Decided', exactTime(decidedAt)],
    [
      'Picture taken',
      capturedAt &&
        `${exactTime(capturedAt)} (${durationWords(Date.parse(decidedAt) - Date.parse(capturedAt))} before)`,
    ],
    ['Void after', expiresAt && exactTime(expiresAt)],
    [
      'Similarity',
      event.similarity === null
        ? null
        : `${figure(event.similarity)} (threshold ${figure(event.threshold) ?? '–'}, margin ${figure(event.margin) ?? '–'})`,
    ],
    ['Quality', figure(event.quality)],
    ['Reason', event.reason],
    ['Frame', event.frameSequence === null ? null : String(event.frameSequence)],
    ['Number', String(event.sequence)],
    ['Id', event.id],
  ];
  return (
    <div class="event-facts">
      {mayHavePicture(event) && <EventPicture event={event} label={`${who}, ${exactTime(decidedAt)}`} />}
      <dl class="facts">
        {facts.map(
          ([what, value]) =>
            value && (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  );
}
