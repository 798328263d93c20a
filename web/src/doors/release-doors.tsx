import { useState } from 'preact/hooks';
import { facegateApi } from '../api/facegate-api.ts';
import { doorName, doors, renewDoors } from '../state/doors.ts';
import { now } from '../state/now.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { clockTime } from '../ui/time-words.ts';
import { doorNames, lockdownWords } from './door-words.ts';
import { ReasonField } from './reason-field.tsx';

/** More than these would hide the buttons. */
const MOST_SAID = 5;

/** @param props.id null: every door. */
export function ReleaseDoors({ id }: { id: string | null }) {
  const [reason, setReason] = useState('');
  const [locked] = useState(() =>
    (doors.peek() ?? []).filter((door) => door.lockdown !== null && (id === null || door.id === id)),
  );
  const title =
    id !== null
      ? `Release ${doorName(id)}?`
      : `Release ${locked.length === 1 ? 'one door' : `${locked.length} doors`}?`;
  const act = async () => {
    await facegateApi.setLockdown(id, false, reason.trim());
    await renewDoors();
  };
  return (
    <ConfirmDialog
      title={title}
      keep="Stay locked down"
      act={id === null ? 'Release all' : 'Release'}
      acting="Releasing …"
      mild
      onAct={act}
    >
      <p>
        {id === null && <strong>{doorNames(locked)}. </strong>}
        From then on {id === null ? 'they open' : 'it opens'} again for those on{' '}
        {id === null ? 'their lists' : 'its list'}, at their times. What the cameras saw until then counts for nothing.
      </p>
      {locked.slice(0, MOST_SAID).map(({ id: one, name, lockdown }) => (
        <p key={one} class="note">
          {id === null && `${name}: `}locked down since {clockTime(lockdown!.since, now.peek())}{' '}
          {lockdownWords(lockdown!)}
        </p>
      ))}
      {locked.length > MOST_SAID && <p class="muted small">… and {locked.length - MOST_SAID} more.</p>}
      <ReasonField value={reason} onValue={setReason} />
    </ConfirmDialog>
  );
}
