import { useEffect, useState } from 'preact/hooks';
import { nameKey } from '../../../pipeline/name-key.ts';
import { errorText } from '../api/api-error.ts';
import type { SubjectView, UnknownView } from '../api/api-types.ts';
import { facegateApi, type WhoItIs } from '../api/facegate-api.ts';
import { collisionOf, collisionWords } from '../enrol/enrol-words.ts';
import { LONGEST_NAME } from '../people/person-draft.ts';
import { PersonMark } from '../people/person-row.tsx';
import { picturesWords } from '../people/person-words.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { cameraName } from '../state/cameras.ts';
import { now } from '../state/now.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { nameUnknown } from './name-unknown.ts';
import { UnknownPicture } from './unknown-picture.tsx';
import { namingProblem, resemblesWords, seenWords } from './unknown-words.ts';

const MOST_OFFERED = 6;
const AFTER_TYPING_MS = 200;

/** A name for somebody unknown: one click on whoever is enrolled, or somebody new. */
export function NameDialog({ unknown }: { unknown: UnknownView }) {
  const [name, setName] = useState('');
  const [found, setFound] = useState<readonly SubjectView[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  /** The same again, though the face looks like somebody else. */
  const [insist, setInsist] = useState<(() => void) | null>(null);
  const wanted = name.trim();
  useEffect(() => {
    const asking = new AbortController();
    const typing = setTimeout(
      () => {
        facegateApi.subjects({ query: wanted, limit: MOST_OFFERED }, asking.signal).then(
          ({ subjects }) => !asking.signal.aborted && setFound(subjects),
          (error) => !asking.signal.aborted && setProblem(errorText(error)),
        );
      },
      wanted === '' ? 0 : AFTER_TYPING_MS,
    );
    return () => {
      clearTimeout(typing);
      asking.abort();
    };
  }, [wanted]);

  const choose = async (name: string, who: WhoItIs, force = false) => {
    setBusy(true);
    setProblem(null);
    setInsist(null);
    try {
      await nameUnknown(unknown.id, who, { force });
      closeDialog();
    } catch (error) {
      const collision = collisionOf(error);
      setProblem(collision ? collisionWords(name, collision) : namingProblem(error));
      if (collision) setInsist(() => () => void choose(name, who, true));
      setBusy(false);
    }
  };
  const namesake = found?.find((subject) => nameKey(subject.name) === nameKey(wanted));
  const { resembles } = unknown;
  const offers = (found ?? [])
    .filter(({ id }) => wanted !== '' || id !== resembles?.subject.id)
    .map((subject) => ({ id: subject.id, name: subject.name, says: picturesWords(subject) }));
  if (resembles && wanted === '') offers.unshift({ ...resembles.subject, says: resemblesWords(unknown)! });
  return (
    <Dialog title="Who is this?" onClose={closeDialog}>
      <div class="naming">
        <span class="unknown-picture">
          <UnknownPicture unknown={unknown} label="The unknown person" />
        </span>
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (wanted === '') setProblem('Enter a name, or pick somebody below.');
            else void choose(wanted, namesake ? { subjectId: namesake.id } : { name: wanted });
          }}
        >
          <p class="muted small">{seenWords(unknown, cameraName, now.value)}</p>
          <label class="field">
            <span>Name</span>
            <input
              type="text"
              autocomplete="off"
              autofocus
              maxLength={LONGEST_NAME}
              value={name}
              onInput={(event) => {
                setName(event.currentTarget.value);
                setProblem(null);
                setInsist(null);
              }}
            />
          </label>
          {wanted !== '' && !namesake && (
            <button type="submit" class="button button-main" disabled={busy}>
              <Icon name="plus" /> Enrol “{wanted}”, somebody new
            </button>
          )}
        </form>
      </div>
      {offers.length > 0 && (
        <section aria-label="People who are enrolled">
          <h3 class="offered-head">{wanted === '' ? 'Somebody who is enrolled' : 'Enrolled already'}</h3>
          <ul class="offered">
            {offers.map(({ id, name: offered, says }) => (
              <li key={id}>
                <button type="button" class="offer" disabled={busy} onClick={() => choose(offered, { subjectId: id })}>
                  <PersonMark name={offered} />
                  <span class="person-text">
                    <span class="person-name">{offered}</span>
                    <span class="muted small">{says}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
      {insist && (
        <div class="dialog-actions">
          <button type="button" class="button" disabled={busy} onClick={insist}>
            They are two people: enrol anyway
          </button>
        </div>
      )}
    </Dialog>
  );
}
