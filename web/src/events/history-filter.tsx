import { looksLikeId } from '../../../pipeline/name-key.ts';
import { subjectOf } from '../people/subject-lookup.ts';
import { cameras } from '../state/cameras.ts';
import { doors } from '../state/doors.ts';
import { rewrite } from '../state/route.ts';
import { wanted } from './event-history.ts';
import { EVERYTHING, type EventQuery, eventsHref, partsOf } from './event-query.ts';
import type { EventKind } from './event-words.ts';
import { KindChips } from './kind-chips.tsx';

/** Shown, and in the address, so that a link to the page shows the same. */
export function ask(query: EventQuery): void {
  rewrite(eventsHref(query));
}

export function HistoryFilter() {
  const query = wanted.value;
  const toggle = (kind: EventKind) => {
    const others = query.kinds.filter((one) => one !== kind);
    ask({ ...query, kinds: others.length === query.kinds.length ? [...others, kind] : others });
  };
  return (
    <search class="history-filter">
      <KindChips isPicked={(kind) => query.kinds.includes(kind)} onToggle={toggle}>
        {partsOf(query).length > 0 && (
          <button type="button" class="button button-quiet" onClick={() => ask(EVERYTHING)}>
            Show everything
          </button>
        )}
      </KindChips>
      <div class="form-row">
        <Pick
          label="Door"
          all="All doors"
          known={doors.value}
          value={query.door}
          onPick={(door) => ask({ ...query, door })}
        />
        <Pick
          label="Camera"
          all="All cameras"
          known={cameras.value}
          value={query.camera}
          onPick={(camera) => ask({ ...query, camera })}
        />
        <PersonField query={query} />
      </div>
    </search>
  );
}

interface PickProps {
  label: string;
  all: string;
  known: readonly { id: string; name: string }[] | null;
  value: string | null;
  onPick(value: string | null): void;
}

function Pick({ label, all, known, value, onPick }: PickProps) {
  const list = known ?? [];
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value ?? ''} onChange={(event) => onPick(event.currentTarget.value || null)}>
        <option value="">{all}</option>
        {list.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
        {/* Its events outlive it. */}
        {value !== null && !list.some(({ id }) => id === value) && <option value={value}>{value}</option>}
      </select>
    </label>
  );
}

function PersonField({ query }: { query: EventQuery }) {
  const { person } = query;
  const named = person !== null && looksLikeId(person) ? subjectOf(person)?.name : undefined;
  return (
    <label class="field">
      <span>Person {named !== undefined && <span class="muted">{named}</span>}</span>
      <input
        type="search"
        placeholder="Whole name, or id"
        value={person ?? ''}
        onInput={(event) => ask({ ...query, person: event.currentTarget.value.trimStart() || null })}
      />
    </label>
  );
}
