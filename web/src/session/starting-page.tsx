import { Mark } from '../shell/mark.tsx';
import { connection, connectNow } from '../state/connection.ts';
import { now } from '../state/now.ts';

/** Before the server has answered the first time. */
export function StartingPage() {
  const state = connection.value;
  const seconds = state.at === 'waiting' ? Math.max(1, Math.ceil((state.retryAt - now.value) / 1000)) : 0;
  return (
    <main class="login">
      <div class="login-card">
        <h1 class="login-brand">
          <Mark />
          facegate
        </h1>
        {state.at === 'waiting' ? (
          <>
            <p role="alert">The server cannot be reached. Trying again in {seconds} s.</p>
            <button type="button" class="button" onClick={connectNow}>
              Try now
            </button>
          </>
        ) : (
          <p class="muted">Connecting to the server …</p>
        )}
      </div>
    </main>
  );
}
