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
  /** Closes the dialog where it succeeds. */
  onAct(): Promise<void>;
  children: ComponentChildren;
}

/** Something that cannot be taken back is asked about first. */
export function ConfirmDialog({ title, keep, act, acting, onAct, children }: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async () => {
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
      {children}
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={closeDialog}>
          {keep}
        </button>
        <button type="button" class="button button-danger" disabled={busy} onClick={run}>
          {busy ? acting : act}
        </button>
      </div>
    </Dialog>
  );
}
