import { useRef, useState } from 'preact/hooks';
import { announce } from '../state/announce.ts';
import { type CameraDraft, yamlSnippet } from './camera-draft.ts';

/** Says how long an added camera lives, and what to write down to keep it. */
export function CameraAdded({ draft, onShow }: { draft: CameraDraft; onShow(): void }) {
  const { yaml, variable } = yamlSnippet(draft);
  const text = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState<'yes' | 'no' | null>(null);
  const copy = async () => {
    text.current!.select();
    try {
      await navigator.clipboard.writeText(yaml);
      setCopied('yes');
      announce('Copied.');
    } catch {
      // Browsers give no clipboard to pages that came over plain HTTP from elsewhere.
      setCopied('no');
    }
  };
  return (
    <div class="form">
      <p>
        It lives <strong>until the server stops</strong>. To keep it, put these lines into the configuration file
        {variable && (
          <>
            {' '}
            and the password into the environment variable <code>{variable}</code>
          </>
        )}
        ; where there is a <code>cameras:</code> already, add only what stands under it.
      </p>
      <textarea
        ref={text}
        class="snippet"
        readOnly
        rows={yaml.split('\n').length}
        value={yaml}
        wrap="off"
        spellcheck={false}
        aria-label="Lines for the configuration file"
      />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={copy}>
          Copy the lines
        </button>
        <button type="button" class="button button-main" onClick={onShow}>
          Show the camera
        </button>
      </div>
      <p class="muted small">
        {copied === 'yes' && 'Copied.'}
        {copied === 'no' && 'The browser gives no access to the clipboard here; the lines are selected, press Ctrl+C.'}
      </p>
    </div>
  );
}
