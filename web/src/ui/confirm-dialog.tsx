import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import { closeDialog } from '../shell/open-dialog.ts';
import { Dialog } from './dialog.tsx';

interface ConfirmDialogProps {
  title: string;
  /** The button that leaves everything as it is. */
  keep: string;
  /** The button that does it. */
  act: string;
  acting: string;
  /** What it does is meant to be, not feared. */
  mild?: boolean;
  /** Closes the dialog where it succeeds. */
  onAct(): Promise<void>;
  children: ComponentChildren;
}

/** What matters is asked about first: it cannot be taken back, or doors hang on it. */
export function ConfirmDialog({ title, keep, act, acting, mild = false, onAct, children }: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onAct();
      closeDialog();
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={closeDialog}>
      <form class="form" onSubmit={run}>
        {children}
        <p class="problem" role="alert">
          {problem}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={closeDialog}>
            {keep}
          </button>
          <button type="submit" class={mild ? 'button button-main' : 'button button-danger'} disabled={busy}>
            {busy ? acting : act}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
