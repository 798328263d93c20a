import { useId, useState } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';
import { knownGroups } from './known-groups.ts';
import { groupToAdd, LONGEST_GROUP, MOST_GROUPS } from './person-draft.ts';

interface GroupFieldProps {
  groups: readonly string[];
  onChange(groups: readonly string[]): void;
}

/** Groups as chips that can be taken out, and a field for one more: Enter or a comma ends it. */
export function GroupField({ groups, onChange }: GroupFieldProps) {
  const [text, setText] = useState('');
  const id = useId();
  const add = (typed: string) => {
    const group = groupToAdd(typed, groups);
    if (group !== null) onChange([...groups, group]);
    setText('');
  };
  return (
    <div class="field">
      <label for={id}>
        <span>
          Groups <span class="muted">to find people by; doors go by name</span>
        </span>
      </label>
      {groups.length > 0 && (
        <ul class="group-chips">
          {groups.map((group) => (
            <li key={group} class="group-chip">
              <span>{group}</span>
              <button
                type="button"
                class="group-out"
                aria-label={`Take out of ${group}`}
                title={`Take out of ${group}`}
                onClick={() => onChange(groups.filter((one) => one !== group))}
              >
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {groups.length < MOST_GROUPS && (
        <input
          id={id}
          type="text"
          list={`${id}-known`}
          placeholder="Add a group"
          autocomplete="off"
          maxLength={LONGEST_GROUP}
          value={text}
          onInput={(event) => {
            const typed = event.currentTarget.value;
            if (typed.endsWith(',')) add(typed.slice(0, -1));
            else setText(typed);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || text.trim() === '') return;
            // Not the form: the group first.
            event.preventDefault();
            add(text);
          }}
          onBlur={() => add(text)}
        />
      )}
      <datalist id={`${id}-known`}>
        {knownGroups.value
          .filter((group) => !groups.includes(group))
          .map((group) => (
            <option key={group} value={group} />
          ))}
      </datalist>
    </div>
  );
}
