import { dialog } from '../shell/open-dialog.ts';
import { doors, doorsError, refreshDoors } from '../state/doors.ts';
import { may } from '../state/session.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { DoorCard } from './door-card.tsx';

export function DoorsPage() {
  const list = doors.value;
  const error = doorsError.value;
  return (
    <div class="page page-wide">
      <div class="page-head">
        <h1>Doors</h1>
        {list && list.length > 0 && <LockedCount />}
        <span class="bar-space" />
        {list && list.length > 1 && may('door') && <AllDoors />}
      </div>
      {error && (
        <Failure
          what={list ? 'What stands here may be old.' : 'The doors could not be listed.'}
          error={error}
          onRetry={refreshDoors}
        />
      )}
      {!list && !error && <p class="muted">Loading …</p>}
      {list?.length === 0 && (
        <Empty icon="doors" title="No doors yet">
          <p>A door names its cameras and who may pass, in the configuration file:</p>
          <pre>{'doors:\n  - id: lobby\n    cameras: [front]\n    allow: [Ada, { group: staff }]'}</pre>
          <p class="muted">It is taken over as soon as the file is saved.</p>
        </Empty>
      )}
      <div class="doors">
        {list?.map((door) => (
          <DoorCard key={door.id} door={door} />
        ))}
      </div>
    </div>
  );
}

function LockedCount() {
  const list = doors.value ?? [];
  const locked = list.filter(({ lockdown }) => lockdown !== null).length;
  if (locked === 0) return <span class="muted">none locked down</span>;
  return (
    <strong class="doors-locked">
      {locked === list.length && locked > 1 ? `all ${locked}` : `${locked} of ${list.length}`} locked down
    </strong>
  );
}

/** Locking down is offered as long as a door is open, releasing as long as one is locked down. */
function AllDoors() {
  const locked = (doors.value ?? []).filter(({ lockdown }) => lockdown !== null).length;
  const all = locked === doors.value!.length;
  return (
    <>
      {locked > 0 && !all && (
        <button
          type="button"
          class="button"
          onClick={() => {
            dialog.value = { name: 'release', door: null };
          }}
        >
          Release all
        </button>
      )}
      <button
        type="button"
        class={all ? 'button button-main' : 'button button-danger'}
        onClick={() => {
          dialog.value = { name: all ? 'release' : 'lock-down', door: null };
        }}
      >
        <Icon name={all ? 'unlock' : 'lock'} /> {all ? 'Release all doors' : 'Lock down all doors'}
      </button>
    </>
  );
}
