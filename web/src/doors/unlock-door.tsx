import { useState } from 'preact/hooks';
import { facegateApi } from '../api/facegate-api.ts';
import { doorName } from '../state/doors.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { ReasonField } from './reason-field.tsx';

export function UnlockDoor({ id }: { id: string }) {
  const [reason, setReason] = useState('');
  return (
    <ConfirmDialog
      title={`Open ${doorName(id)} once?`}
      keep="Leave it shut"
      act="Open for 2 s"
      acting="Opening …"
      mild
      onAct={() => facegateApi.unlock(id, reason.trim()).then(() => undefined)}
    >
      <p>
        Whoever stands there is granted passage for 2 seconds, whatever list and schedule say. Who opened it stands in
        the audit log.
      </p>
      <ReasonField value={reason} onValue={setReason} />
    </ConfirmDialog>
  );
}
