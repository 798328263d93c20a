import { useState } from 'preact/hooks';
import type { EnrolledFaceView, FaceKind, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { dialog } from '../shell/open-dialog.ts';
import { may } from '../state/session.ts';
import { Icon } from '../ui/icon.tsx';
import { dateOf } from '../ui/time-words.ts';

interface FaceGridProps {
  subject: SubjectView;
  faces: readonly EnrolledFaceView[];
}

/** The enrolled faces: those that are the person, and those that are not. */
export function FaceGrid({ subject, faces }: FaceGridProps) {
  const own = faces.filter(({ kind }) => kind === 'positive');
  const others = faces.filter(({ kind }) => kind === 'negative');
  const add = (kind: FaceKind) => {
    dialog.value = { name: 'enrol', subject, kind };
  };
  return (
    <section class="panel faces" aria-label="Enrolled faces">
      <div class="faces-head">
        <h2>Enrolled faces</h2>
        <span class="bar-space" />
        {may('enroll') && (
          <button type="button" class="button" onClick={() => add('positive')}>
            <Icon name="plus" /> Add faces
          </button>
        )}
      </div>
      {own.length === 0 ? (
        <p class="muted">None: {subject.name} is not recognised by any camera.</p>
      ) : (
        <Faces faces={own} subject={subject} />
      )}
      <div class="faces-head">
        <h3>Not this person</h3>
        <span class="bar-space" />
        {may('enroll') && (
          <button type="button" class="button button-quiet" onClick={() => add('negative')}>
            <Icon name="plus" /> Add look-alikes
          </button>
        )}
      </div>
      {others.length === 0 ? (
        <p class="muted small">
          Faces that were taken for {subject.name} and are not: look-alikes, posters. There are none.
        </p>
      ) : (
        <Faces faces={others} subject={subject} />
      )}
    </section>
  );
}

function Faces({ faces, subject }: FaceGridProps) {
  return (
    <ul class="face-grid">
      {faces.map((face) => (
        <FaceCard key={face.id} face={face} subject={subject} />
      ))}
    </ul>
  );
}

function FaceCard({ face, subject }: { face: EnrolledFaceView; subject: SubjectView }) {
  const { id, kind, model, searched, quality, source, createdAt, image } = face;
  const [broken, setBroken] = useState(false);
  const negative = kind === 'negative';
  const when = dateOf(createdAt);
  return (
    <li class={negative ? 'face-card face-card-negative' : 'face-card'} data-face={id} data-kind={kind}>
      <span class="face-picture">
        {image && !broken ? (
          <img
            src={facegateApi.faceImage(subject.id, id)}
            alt={`${negative ? `Not ${subject.name}` : subject.name}, ${when}`}
            loading="lazy"
            onError={() => setBroken(true)}
          />
        ) : (
          <span class="muted small">{image ? 'the picture cannot be read' : 'no picture kept'}</span>
        )}
      </span>
      <span class="face-card-text">
        <span class="face-card-line">
          {quality === null ? 'quality not known' : `quality ${quality.toFixed(2)}`}
          {negative && <span class="tag">not this person</span>}
        </span>
        {!searched && (
          <span class="tag tag-warn" title="Of another model than the one that runs: kept, not searched">
            not searched
          </span>
        )}
        <span class="muted small" title={model}>
          {source} · {when}
        </span>
        <span class="muted small face-model">{model}</span>
      </span>
      {may('enroll') && (
        <button
          type="button"
          class="button-icon button-small face-remove"
          aria-label={`Remove the face of ${when}, ${source}`}
          title="Remove this face"
          onClick={() => {
            dialog.value = { name: 'remove-face', subject, face };
          }}
        >
          <Icon name="trash" size={16} />
        </button>
      )}
    </li>
  );
}
