import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.ts';
import type { EnrolledFaceView, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
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

interface Known {
  readonly subject: SubjectView;
  readonly faces: readonly EnrolledFaceView[];
}

/** One person: who they are, until when, and by which faces they are known. */
export function PersonPage({ id }: { id: string }) {
  const [known, setKnown] = useState<Known | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [again, setAgain] = useState(0);
  const version = galleryVersion.value;
  useEffect(() => {
    let gone = false;
    Promise.all([facegateApi.subject(id), facegateApi.faces(id)]).then(
      ([subject, faces]) => {
        if (gone) return;
        setKnown({ subject, faces });
        setError(null);
      },
      (thrown) => !gone && setError(thrown),
    );
    return () => {
      gone = true;
    };
  }, [id, version, again]);

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
  if (!known || known.subject.id !== id) {
    return (
      <div class="page">
        {error === null ? (
          <p class="muted">Loading …</p>
        ) : (
          <Failure what="The person could not be read." error={error} onRetry={() => setAgain(again + 1)} />
        )}
      </div>
    );
  }
  const { subject, faces } = known;
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
            {picturesWords(subject)} · {lastSeenWords(subject, now.value)}
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
      {error !== null && <Failure what="This may be out of date." error={error} onRetry={() => setAgain(again + 1)} />}
      <FaceGrid subject={subject} faces={faces} />
      {may('enroll') ? <PersonForm key={subject.id} subject={subject} /> : <PersonDetails subject={subject} />}
    </div>
  );
}
