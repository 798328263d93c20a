import { useEffect, useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { Scope } from '../api/api-types.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { CopyLines } from '../ui/copy-lines.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { createKey, isFirstKey, madeKey } from './keys.ts';
import { SCOPE_WORDS } from './scope-words.ts';

const MOST_PER_MINUTE = 1_000_000;

/** Name, scopes, rate limit; then the key itself, this once. */
export function CreateKey() {
  const made = madeKey.value;
  const close = () => {
    madeKey.value = null;
    closeDialog();
  };
  useEffect(() => {
    if (made) announce(`The key ${made.name} is made. Copy it now.`);
  }, [made]);
  if (!made) return <NewKeyForm />;
  return (
    <Dialog key="made" title={`The key of ${made.name}`} onClose={close}>
      <p>
        Copy it now: it is shown this once, and only its hash is kept. {made.scopes.length === 1 ? 'Scope' : 'Scopes'}:{' '}
        {made.scopes.join(', ')}.
      </p>
      <CopyLines lines={made.key} label={`The key of ${made.name}`} copy="Copy the key" />
      <div class="dialog-actions">
        <button type="button" class="button button-main" onClick={close}>
          I have copied it
        </button>
      </div>
    </Dialog>
  );
}

function NewKeyForm() {
  const first = isFirstKey();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set([first ? 'admin' : 'read']));
  const [perMinute, setPerMinute] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const toggle = (scope: Scope) => {
    const next = new Set(scopes);
    if (!next.delete(scope)) next.add(scope);
    setScopes(next);
    setProblem(null);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const limit = perMinute.trim() === '' ? null : Number(perMinute);
    if (name.trim() === '') return setProblem('Enter a name: the audit log calls whoever uses the key by it.');
    if (scopes.size === 0) return setProblem('Pick at least one scope.');
    if (limit !== null && !(Number.isInteger(limit) && limit >= 1 && limit <= MOST_PER_MINUTE)) {
      return setProblem(`The limit must be a whole number, 1 to ${MOST_PER_MINUTE.toLocaleString()}.`);
    }
    setBusy(true);
    setProblem(null);
    try {
      await createKey({ name: name.trim(), scopes: [...scopes], perMinute: limit });
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog key="form" title="Make a key" onClose={closeDialog}>
      <form class="form" onSubmit={submit}>
        {first && (
          <p class="note">
            This is the first key. From then on everybody needs one, programs on this machine too; this page is logged
            in with it at once. It has to have the scope admin.
          </p>
        )}
        <label class="field">
          <span>Name</span>
          <input
            type="text"
            autocomplete="off"
            autofocus
            maxLength={100}
            placeholder="Who or what uses it"
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setProblem(null);
            }}
          />
        </label>
        <fieldset class="scopes">
          <legend>May</legend>
          {SCOPE_WORDS.map(({ scope, means }) => (
            <label key={scope} class="check">
              <input
                type="checkbox"
                checked={scopes.has(scope)}
                disabled={first && scope === 'admin'}
                onChange={() => toggle(scope)}
              />
              <span>
                <strong>{scope}</strong> <span class="muted">{means}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <label class="field">
          <span>
            Requests a minute <span class="muted">empty: the server’s own limit</span>
          </span>
          <input
            type="text"
            inputMode="numeric"
            autocomplete="off"
            value={perMinute}
            onInput={(event) => {
              setPerMinute(event.currentTarget.value);
              setProblem(null);
            }}
          />
        </label>
        <p class="problem" role="alert">
          {problem}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" class="button button-main" disabled={busy}>
            {busy ? 'Making …' : 'Make the key'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
