import type { LockdownView } from '../api/api-types.ts';
import { now } from '../state/now.ts';
import { Icon } from '../ui/icon.tsx';
import { clockTime } from '../ui/time-words.ts';
import { lockdownWords } from './door-words.ts';

/** Nothing opens this door: not to be overlooked, from across the room either. */
export function LockdownSign({ lockdown }: { lockdown: LockdownView }) {
  return (
    <div class="lockdown">
      <span class="answer-word">
        <Icon name="lock" size={26} />
        Locked down
      </span>
      <span class="lockdown-why">
        since <time dateTime={lockdown.since}>{clockTime(lockdown.since, now.value)}</time> {lockdownWords(lockdown)}
      </span>
    </div>
  );
}
