import { connection, connectNow } from '../state/connection.ts';
import { now } from '../state/now.ts';
import { Icon } from '../ui/icon.tsx';
import { clockTime } from '../ui/time-words.ts';

/** Says that the server is away, since when, and what happens now. */
export function ConnectionBanner() {
  const state = connection.value;
  const lostSince = 'lostSince' in state ? state.lostSince : null;
  if (lostSince === null) return null;
  const seconds = state.at === 'waiting' ? Math.ceil((state.retryAt - now.value) / 1000) : 0;
  return (
    <div class="banner banner-lost">
      <Icon name="warn" />
      <span>
        <span role="alert">Connection to the server lost at {clockTime(lostSince, now.value)}.</span>{' '}
        <span>{seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again …'} What you see is not live.</span>
      </span>
      <button type="button" class="button" onClick={connectNow}>
        Try now
      </button>
    </div>
  );
}
