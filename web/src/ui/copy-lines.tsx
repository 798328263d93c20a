import { useRef, useState } from 'preact/hooks';
import { announce } from '../state/announce.ts';

/** Lines to paste elsewhere. */
export function CopyLines({ lines, label, copy = 'Copy the lines' }: { lines: string; label: string; copy?: string }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState<'yes' | 'no' | null>(null);
  const run = async () => {
    text.current!.select();
    try {
      await navigator.clipboard.writeText(lines);
      setCopied('yes');
      announce('Copied.');
    } catch {
      // Browsers give no clipboard to pages that came over plain HTTP from elsewhere.
      setCopied('no');
    }
  };
  return (
    <div class="copy-lines">
      <textarea
        ref={text}
        class="snippet"
        readOnly
        rows={Math.min(8, lines.split('\n').length)}
        value={lines}
        wrap="off"
        spellcheck={false}
        aria-label={label}
      />
      <button type="button" class="button" onClick={run}>
        {copy}
      </button>
      <p class="muted small">
        {copied === 'yes' && 'Copied.'}
        {copied === 'no' && 'The browser gives no access to the clipboard here; it is selected: press Ctrl+C.'}
      </p>
    </div>
  );
}
