import { useState } from 'preact/hooks';
import { dialog } from '../shell/open-dialog.ts';
import { may } from '../state/session.ts';
import { refreshSubjects, subjects, subjectsError } from '../state/subjects.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { SubjectRow } from './subject-row.tsx';

const openEnrol = () => {
  dialog.value = { name: 'enrol', subject: null };
};

export function PeoplePage() {
  const [search, setSearch] = useState('');
  const list = subjects.value;
  const wanted = search.trim().toLocaleLowerCase();
  const shown = list?.filter(({ name }) => name.toLocaleLowerCase().includes(wanted)) ?? [];
  return (
    <div class="page">
      <div class="page-head">
        <h1>People</h1>
        {list && list.length > 0 && <span class="muted figure">{list.length}</span>}
        <span class="bar-space" />
        {may('enroll') && (
          <button type="button" class="button button-main" onClick={openEnrol}>
            <Icon name="plus" /> Enrol
          </button>
        )}
      </div>
      {subjectsError.value && !list && (
        <Failure what="The people could not be listed." error={subjectsError.value} onRetry={refreshSubjects} />
      )}
      {!list && !subjectsError.value && <p class="muted">Loading …</p>}
      {list && list.length > 0 && (
        <label class="search">
          <Icon name="search" />
          <span class="sr-only">Search by name</span>
          <input
            type="search"
            placeholder="Search by name"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      )}
      {list?.length === 0 && (
        <Empty icon="people" title="Nobody is enrolled yet">
          <p class="muted">Until then every face is unknown and every door stays shut.</p>
          {may('enroll') ? (
            <button type="button" class="button button-main" onClick={openEnrol}>
              <Icon name="plus" /> Enrol a person
            </button>
          ) : (
            <p class="muted">Your key may look, but not enrol.</p>
          )}
          <p class="muted">
            From a shell: <code>facegate enroll "Ada" ada.jpg</code>
          </p>
        </Empty>
      )}
      {list && list.length > 0 && shown.length === 0 && <p class="muted">Nobody is called “{search.trim()}”.</p>}
      {shown.length > 0 && (
        <ul class="people panel">
          {shown.map((subject) => (
            <SubjectRow key={subject.id} subject={subject} />
          ))}
        </ul>
      )}
    </div>
  );
}
