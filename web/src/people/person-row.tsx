import type { SubjectView } from '../api/api-types.ts';
import { minute, now } from '../state/now.ts';
import { hrefOf } from '../state/route.ts';
import { lastSeenWords, picturesWords } from './person-words.ts';
import { ValidityTag } from './validity-tag.tsx';

const MOST_GROUPS_SHOWN = 3;

export function PersonRow({ subject }: { subject: SubjectView }) {
  // Not every second: there may be thousands of rows.
  void minute.value;
  const { id, name, groups } = subject;
  return (
    <li class="person" data-subject={id}>
      <a class="person-link" href={hrefOf('people', id)}>
        <PersonMark name={name} />
        <span class="person-text">
          <span class="person-name">
            {name} <ValidityTag subject={subject} />
          </span>
          <span class="muted small">
            {picturesWords(subject)} · {lastSeenWords(subject, now.peek())}
          </span>
        </span>
        {groups.length > 0 && (
          <span class="person-groups">
            {groups.slice(0, MOST_GROUPS_SHOWN).map((group) => (
              <span key={group} class="tag tag-group">
                {group}
              </span>
            ))}
            {groups.length > MOST_GROUPS_SHOWN && <span class="muted small">+{groups.length - MOST_GROUPS_SHOWN}</span>}
          </span>
        )}
      </a>
    </li>
  );
}

export function PersonMark({ name }: { name: string }) {
  return (
    <span class="person-mark" aria-hidden="true">
      {initials(name)}
    </span>
  );
}

const initials = (name: string) =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]!.toLocaleUpperCase())
    .join('');
