import { useState } from 'preact/hooks';
import { ApiError, errorText } from '../api/api-error.ts';
import { Mark } from '../shell/mark.tsx';
import { logIn } from '../state/connection.ts';
import { session, tenantName } from '../state/session.ts';

/** Exchanges a key for a cookie. The key is kept nowhere on this side. */
export function LoginPage() {
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const state = session.value;

  const submit = async (event: Event) => {
    event.preventDefault();
    if (key.trim() === '') {
      setProblem('Enter the key first.');
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await logIn(key.trim());
    } catch (error) {
      setProblem(loginProblem(error));
      setBusy(false);
    }
  };

  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <h1 class="login-brand">
          <Mark />
          facegate
        </h1>
        {tenantName.value !== null && <p class="login-tenant">{tenantName.value}</p>}
        {state.phase === 'login' && state.expired && (
          <p class="note">Your session has ended. Log in again; you will be back where you were.</p>
        )}
        {/* Password managers file a secret under a name. */}
        <input
          type="text"
          name="username"
          value={tenantName.value === null ? 'facegate' : `facegate ${tenantName.value}`}
          autocomplete="username"
          class="sr-only"
          tabIndex={-1}
          aria-hidden="true"
          readOnly
        />
        <label class="field">
          <span>Access key</span>
          <input
            type="password"
            name="key"
            autocomplete="current-password"
            autocapitalize="off"
            spellcheck={false}
            required
            autofocus
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
            aria-invalid={problem !== null}
            aria-describedby="key-problem"
          />
        </label>
        <p id="key-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="button button-main" disabled={busy}>
          {busy ? 'Logging in …' : 'Log in'}
        </button>
        <p class="muted small">
          An admin key was printed when facegate first listened to more than its own machine. Others come from whoever
          runs the server.
        </p>
      </form>
    </main>
  );
}

function loginProblem(error: unknown): string {
  if (!(error instanceof ApiError)) return errorText(error);
  if (error.status === 401) return 'This key is not known here. Check that all of it was copied.';
  if (error.status === 429) {
    return `Too many attempts. Try again in ${error.retryAfter === null ? 'a minute' : `${error.retryAfter} s`}.`;
  }
  return error.message;
}
