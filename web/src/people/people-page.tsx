import { useEffect } from 'preact/hooks';
import { dialog } from '../shell/open-dialog.ts';
import { readiness } from '../state/readiness.ts';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { GroupFilter } from './group-filter.tsx';
import { keepGroups } from './known-groups.ts';
import { keepPeople, people, wantedGroup, wantedName } from './people-list.ts';
import { PersonRow } from './person-row.tsx';

const openEnrol = () => {
  dialog.value = { name: 'enrol', subject: null };
};

/** Everybody who is enrolled: searched for, picked by group, a page at a time. */
export function PeoplePage() {
  useEffect(keepPeople, []);
  useEffect(keepGroups, []);
  const { items, more, busy, error } = people.shown.value;
  const searching = wantedName.value.trim() !== '' || wantedGroup.value !== null;
  const all = readiness.value?.gallery.subjects ?? null;
  return (
    <div class="page">
      <div class="page-head">
        <h1>People</h1>
        {items && items.length > 0 && (
          <span class="muted figure" role="status">
            {countWords(items.length, more, searching ? null : all)}
          </span>
        )}
        <span class="bar-space" />
        {may('enroll') && (
          <button type="button" class="button button-main" onClick={openEnrol}>
            <Icon name="plus" /> Enrol
          </button>
        )}
      </div>
      {(searching || (items && items.length > 0)) && (
        <>
          <label class="search">
            <Icon name="search" />
            <span class="sr-only">Search by name</span>
            <input
              type="search"
              placeholder="Search by name"
              value={wantedName.value}
              onInput={(event) => {
                wantedName.value = event.currentTarget.value;
              }}
            />
          </label>
          <GroupFilter />
        </>
      )}
      {error !== null && <Failure what="The people could not be listed." error={error} onRetry={people.refresh} />}
      {!items && error === null && <p class="muted">Loading …</p>}
      {items?.length === 0 && !searching && <Nobody />}
      {items?.length === 0 && searching && (
        <div class="none-found">
          <p class="muted">
            Nobody{wantedGroup.value !== null && ` of the group “${wantedGroup.value}”`}
            {wantedName.value.trim() !== '' && ` is called “${wantedName.value.trim()}”`}.
          </p>
          <button type="button" class="button" onClick={showAll}>
            Show everybody
          </button>
        </div>
      )}
      {items && items.length > 0 && (
        <ul class={busy ? 'people panel people-busy' : 'people panel'} aria-busy={busy}>
          {items.map((subject) => (
            <PersonRow key={subject.id} subject={subject} />
          ))}
        </ul>
      )}
      {more && (
        <button type="button" class="button" disabled={busy} onClick={people.more}>
          {busy ? 'Loading …' : 'Show more'}
        </button>
      )}
    </div>
  );
}

function Nobody() {
  return (
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
  );
}

function showAll(): void {
  wantedName.value = '';
  wantedGroup.value = null;
}

/** `42`, `100 of 5,000`, `the first 100`. */
function countWords(shown: number, more: boolean, all: number | null): string {
  const count = shown.toLocaleString();
  if (!more) return count;
  return all !== null && all > shown ? `${count} of ${all.toLocaleString()}` : `the first ${count}`;
}
