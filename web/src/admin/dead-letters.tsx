import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { DeadLetterView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { eventSentence } from '../events/event-words.ts';
import { announce } from '../state/announce.ts';
import { cameraName } from '../state/cameras.ts';
import { doorName } from '../state/doors.ts';
import { now } from '../state/now.ts';
import { sentence } from '../ui/sentence.ts';
import { clockTime } from '../ui/time-words.ts';
import { refreshSinks } from './sinks.ts';

/** Asked for at once; the newest. */
const SHOWN = 100;

/** Events that a webhook gave up: looked at, and sent again, when somebody opens the list. */
export function DeadLetters({ id, count }: { id: string; count: number }) {
  const [letters, setLetters] = useState<readonly DeadLetterView[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const load = async () => {
    try {
      setLetters(await facegateApi.deadLetters(id, SHOWN));
      setProblem(null);
    } catch (error) {
      setProblem(errorText(error));
    }
  };
  const resend = async (ids: readonly string[] | 'all') => {
    setBusy(true);
    try {
      const { resent } = await facegateApi.resend(id, ids);
      announce(`${resent} ${resent === 1 ? 'event is' : 'events are'} sent again.`);
      await load();
      void refreshSinks();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <details
      class="fold dead-letters"
      onToggle={(event) => {
        if (event.currentTarget.open) void load();
      }}
    >
      <summary>
        {count.toLocaleString()} {count === 1 ? 'event was' : 'events were'} given up
      </summary>
      <p class="problem" role="alert">
        {problem}
      </p>
      {!letters && !problem && <p class="muted small">Loading …</p>}
      {letters && letters.length > 0 && (
        <>
          <button type="button" class="button" disabled={busy} onClick={() => resend('all')}>
            Send all {count.toLocaleString()} again
          </button>
          <ul>
            {letters.map(({ event, deadAt, error }) => (
              <li key={event.id} class="dead-letter">
                <span>
                  {eventSentence(event, { door: doorName, camera: cameraName })}{' '}
                  <span class="muted figure">no. {event.sequence}</span>
                </span>
                <span class="muted small">
                  {clockTime(deadAt, now.peek())}: {sentence(error)}
                </span>
                <button
                  type="button"
                  class="button"
                  disabled={busy}
                  aria-label={`Send number ${event.sequence} again`}
                  onClick={() => resend([event.id])}
                >
                  Send again
                </button>
              </li>
            ))}
          </ul>
          {count > letters.length && <p class="muted small">The newest {letters.length}.</p>}
        </>
      )}
    </details>
  );
}
