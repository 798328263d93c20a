import { doors, doorsError, refreshDoors } from '../state/doors.ts';
import { Empty } from '../ui/empty.tsx';
import { Failure } from '../ui/failure.tsx';
import { DoorCard } from './door-card.tsx';

export function DoorsPage() {
  const list = doors.value;
  return (
    <div class="page page-wide">
      <div class="page-head">
        <h1>Doors</h1>
      </div>
      {doorsError.value && !list && (
        <Failure what="The doors could not be listed." error={doorsError.value} onRetry={refreshDoors} />
      )}
      {!list && !doorsError.value && <p class="muted">Loading …</p>}
      {list?.length === 0 && (
        <Empty icon="doors" title="No doors yet">
          <p>A door names its cameras and who may pass, in the configuration file:</p>
          <pre>{'doors:\n  - id: lobby\n    cameras: [front]\n    allow: [Ada]'}</pre>
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
