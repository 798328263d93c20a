import type { SubjectView } from '../api/api-types.ts';
import { dialog } from '../shell/open-dialog.ts';
import { may } from '../state/session.ts';
import { Icon } from '../ui/icon.tsx';
import { dateOf } from '../ui/time-words.ts';

export function SubjectRow({ subject }: { subject: SubjectView }) {
  return (
    <li class="person" data-subject={subject.id}>
      <span class="person-mark" aria-hidden="true">
        {initials(subject.name)}
      </span>
      <span class="person-text">
        <span class="person-name">{subject.name}</span>
        <span class="muted small">
          {subject.templates === 0
            ? 'no picture: cannot be recognised'
            : `${subject.templates} ${subject.templates === 1 ? 'picture' : 'pictures'}`}
          {' · '}
          {dateOf(subject.createdAt)}
        </span>
      </span>
      {may('enroll') && (
        <>
          <button
            type="button"
            class="button button-quiet"
            aria-label={`Add pictures of ${subject.name}`}
            onClick={() => {
              dialog.value = { name: 'enrol', subject };
            }}
          >
            <Icon name="plus" /> <span class="wide-only">Pictures</span>
          </button>
          <button
            type="button"
            class="button-icon"
            aria-label={`Delete ${subject.name}`}
            title="Delete"
            onClick={() => {
              dialog.value = { name: 'remove-subject', subject };
            }}
          >
            <Icon name="trash" />
          </button>
        </>
      )}
    </li>
  );
}

const initials = (name: string) =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]!.toLocaleUpperCase())
    .join('');
