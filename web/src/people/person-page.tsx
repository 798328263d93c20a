import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.ts';
import type { EnrolledFaceView, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { eventsHref } from '../events/event-query.ts';
import { dialog } from '../shell/open-dialog.ts';
import { galleryVersion } from '../state/gallery-changes.ts';
import { now } from '../state/now.ts';
import { hrefOf } from '../state/route.ts';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { FaceGrid } from './face-grid.tsx';
import { PersonDetails } from './person-details.tsx';
import { PersonForm } from './person-form.tsx';
import { PersonMark } from './person-row.tsx';
import { lastSeenWords, picturesWords } from './person-words.ts';
import { ValidityTag } from './validity-tag.tsx';

/** One person: who they are, until when, and by which faces they are known. */
export function PersonPage({ id }: { id: string }) {
  const [subject, setSubject] = useState<SubjectView | null>(null);
  const [faces, setFaces] = useState<readonly EnrolledFaceView[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [again, setAgain] = useState(0);
  const version = galleryVersion.value;
  // Once, not with every change: each time stands in the audit log as somebody having looked.
  useEffect(() => whenThere(facegateApi.subject(id), setSubject, setError), [id, again]);
  useEffect(() => whenThere(facegateApi.faces(id), setFaces, setError), [id, again, version]);

  if (error instanceof ApiError && error.code === 'SUBJECT_NOT_FOUND') {
    return (
      <div class="page">
        <Empty icon="people" title="Nobody is enrolled with this address">
          <p class="muted">The person may have been deleted.</p>
          <a class="button" href={hrefOf('people')}>
            To the people
          </a>
        </Empty>
      </div>
    );
  }
  const retry = () => {
    setError(null);
    setAgain(again + 1);
  };
  if (!subject || !faces || subject.id !== id) {
    return (
      <div class="page">
        {error === null ? (
          <p class="muted">Loading …</p>
        ) : (
          <Failure what="The person could not be read." error={error} onRetry={retry} />
        )}
      </div>
    );
  }
  const searched = faces.filter(({ kind, searched }) => kind === 'positive' && searched).length;
  return (
    <div class="page">
      <div class="page-head">
        <a class="button button-quiet" href={hrefOf('people')} aria-label="Back to the people">
          <Icon name="back" /> <span class="wide-only">People</span>
        </a>
        <PersonMark name={subject.name} />
        <span class="person-text">
          <h1 class="person-title">
            {subject.name} <ValidityTag subject={subject} />
          </h1>
          <span class="muted small">
            {picturesWords({ templates: searched, notSearched: faces.length - searched })} ·{' '}
            {lastSeenWords(subject, now.value)} · <a href={eventsHref({ person: subject.id })}>Events</a>
          </span>
        </span>
        {may('enroll') && (
          <button
            type="button"
            class="button"
            aria-label={`Delete ${subject.name}`}
            onClick={() => {
              dialog.value = { name: 'remove-subject', subject, faces };
            }}
          >
            <Icon name="trash" /> <span class="wide-only">Delete</span>
          </button>
        )}
      </div>
      {error !== null && <Failure what="This may be out of date." error={error} onRetry={retry} />}
      <FaceGrid subject={subject} faces={faces} />
      {may('enroll') ? (
        <PersonForm key={subject.id} subject={subject} onSaved={setSubject} />
      ) : (
        <PersonDetails subject={subject} />
      )}
    </div>
  );
}

/** @returns makes sure that an answer which comes too late is not listened to. */
function whenThere<T>(answer: Promise<T>, take: (value: T) => void, fail: (error: unknown) => void): () => void {
  let gone = false;
  answer.then(
    (value) => !gone && take(value),
    (error) => !gone && fail(error),
  );
  return () => {
    gone = true;
  };
}
