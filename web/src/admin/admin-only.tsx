import { Empty } from '../ui/empty.tsx';

/** For whoever came by the address though it is not offered. */
export function AdminOnly() {
  return (
    <div class="page">
      <Empty icon="key" title="This needs the scope admin">
        <p class="muted">The key you are logged in with does not have it.</p>
      </Empty>
    </div>
  );
}
