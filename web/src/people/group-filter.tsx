import { knownGroups } from './known-groups.ts';
import { wantedGroup } from './people-list.ts';

/** More chips than this are a wall of chips: a list to pick from instead. */
const MOST_CHIPS = 12;

export function GroupFilter() {
  const groups = knownGroups.value;
  if (groups.length === 0 && wantedGroup.value === null) return null;
  if (groups.length > MOST_CHIPS) {
    return (
      <label class="field field-inline">
        <span>Group</span>
        <select
          value={wantedGroup.value ?? ''}
          onChange={(event) => {
            wantedGroup.value = event.currentTarget.value === '' ? null : event.currentTarget.value;
          }}
        >
          <option value="">All groups</option>
          {groups.map((group) => (
            <option key={group} value={group}>
              {group}
            </option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <fieldset class="chips">
      <legend class="sr-only">Show only the group</legend>
      {groups.map((group) => (
        <button
          key={group}
          type="button"
          class="chip"
          aria-pressed={wantedGroup.value === group}
          onClick={() => {
            wantedGroup.value = wantedGroup.value === group ? null : group;
          }}
        >
          {group}
        </button>
      ))}
    </fieldset>
  );
}
