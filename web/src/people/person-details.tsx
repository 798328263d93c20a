import type { SubjectView } from '../api/api-types.ts';
import { now } from '../state/now.ts';
import { dateAndTime } from '../ui/time-words.ts';
import { validityWords } from './validity.ts';

/** The same as the form, for whoever may look and not change. */
export function PersonDetails({ subject }: { subject: SubjectView }) {
  const { groups, notes, consent } = subject;
  return (
    <section class="panel pad" aria-label="Details">
      <dl class="facts facts-wide">
        <div>
          <dt>Groups</dt>
          <dd>{groups.length === 0 ? 'none' : groups.join(', ')}</dd>
        </div>
        <div>
          <dt>Validity</dt>
          <dd>{validityWords(subject, now.value) ?? 'without end'}</dd>
        </div>
        <div>
          <dt>Consent</dt>
          <dd>
            {consent ? `${consent.basis}, recorded by ${consent.by} on ${dateAndTime(consent.at)}` : 'not recorded'}
          </dd>
        </div>
        {notes !== '' && (
          <div>
            <dt>Notes</dt>
            <dd class="person-notes">{notes}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
