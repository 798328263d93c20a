import { useState } from 'preact/hooks';
import { facegateApi } from '../api/facegate-api.ts';
import { doorName, doors, renewDoors } from '../state/doors.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { doorNames } from './door-words.ts';
import { ReasonField } from './reason-field.tsx';

/** `all 3 doors`; where some are locked down already, `the other 2 doors`. */
function howMany(open: number): string {
  if (open === doors.peek()?.length) return `all ${open} doors`;
  return open === 1 ? 'the one other door' : `the other ${open} doors`;
}

/** @param props.id null: every door. */
export function LockDown({ id }: { id: string | null }) {
  const [reason, setReason] = useState('');
  // Of the moment it was opened: what is asked for does not change under somebody's hands.
  const [open] = useState(() => (doors.peek() ?? []).filter(({ lockdown }) => lockdown === null));
  const title = id === null ? `Lock down ${howMany(open.length)}?` : `Lock down ${doorName(id)}?`;
  const act = async () => {
    await facegateApi.setLockdown(id, true, reason.trim());
    // Said by the event; here it is only shown.
    await renewDoors();
  };
  return (
    <ConfirmDialog
      title={title}
      keep="Leave as it is"
      act={id === null ? 'Lock all down' : 'Lock down'}
      acting="Locking down …"
      onAct={act}
    >
      <p>
        {id === null && <strong>{doorNames(open)}. </strong>}
        Nobody is granted anything, by any camera or by hand, until somebody releases {id === null ? 'them' : 'it'}; a
        restart changes nothing about that. The way out never depends on facegate.
      </p>
      <ReasonField value={reason} onValue={setReason} ready />
    </ConfirmDialog>
  );
}
