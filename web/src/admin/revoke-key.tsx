import type { KeyView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { announce } from '../state/announce.ts';
import { session } from '../state/session.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { refreshKeys } from './keys.ts';

export function RevokeKey({ apiKey }: { apiKey: KeyView }) {
  const { id, name } = apiKey;
  const own = session.value.phase === 'in' && session.value.name === name;
  const revoke = async () => {
    await facegateApi.revokeKey(id);
    announce(`The key ${name} is revoked.`);
    void refreshKeys();
  };
  return (
    <ConfirmDialog title={`Revoke ${name}?`} keep="Keep" act="Revoke" acting="Revoking …" onAct={revoke}>
      <p>
        Whoever uses it is shut out at once: its requests are refused, its sessions and live connections end. It cannot
        be brought back; another one can be made.
      </p>
      {own && <p class="note">It is the key this page is logged in with: you will have to log in with another one.</p>}
    </ConfirmDialog>
  );
}
