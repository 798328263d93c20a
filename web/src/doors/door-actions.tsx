import type { DoorView } from '../api/api-types.ts';
import { dialog } from '../shell/open-dialog.ts';
import { Icon } from '../ui/icon.tsx';

/** What somebody at the desk may do to a door. */
export function DoorActions({ door: { id, name, lockdown } }: { door: DoorView }) {
  const locked = lockdown !== null;
  const why = locked ? 'While it is locked down nothing opens it' : undefined;
  return (
    <div class="door-actions">
      <button
        type="button"
        class="button"
        aria-label={`Open ${name} once`}
        disabled={locked}
        title={why}
        onClick={() => {
          dialog.value = { name: 'unlock', door: id };
        }}
      >
        <Icon name="unlock" /> Open once
      </button>
      {/* One button, so that the keyboard is where it was when the dialog has gone. */}
      <button
        type="button"
        class={locked ? 'button button-main' : 'button button-danger'}
        aria-label={locked ? `Release ${name}` : `Lock down ${name}`}
        onClick={() => {
          dialog.value = { name: locked ? 'release' : 'lock-down', door: id };
        }}
      >
        <Icon name={locked ? 'unlock' : 'lock'} /> {locked ? 'Release' : 'Lock down'}
      </button>
    </div>
  );
}
