import { useState } from 'preact/hooks';
import { errorText } from '../api/api-error.ts';
import type { UnknownView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { dialog } from '../shell/open-dialog.ts';
import { announce } from '../state/announce.ts';
import { cameraName } from '../state/cameras.ts';
import { now } from '../state/now.ts';
import { may } from '../state/session.ts';
import { Icon } from '../ui/icon.tsx';
import { UnknownPicture } from './unknown-picture.tsx';
import { resemblesWords, seenWords } from './unknown-words.ts';
import { settle } from './unknowns.ts';

export function UnknownCard({ unknown }: { unknown: UnknownView }) {
  const { id, quality } = unknown;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (what: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await what();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const dismiss = async () => {
    await facegateApi.dismissUnknown(id);
    announce('Dismissed.');
    settle(id);
  };
  const seen = seenWords(unknown, cameraName, now.value);
  return (
    <li class="unknown panel" data-unknown={id}>
      <span class="unknown-picture">
        <UnknownPicture unknown={unknown} label={`Unknown person, ${seen}`} />
      </span>
      <div class="unknown-text">
        <p>{capital(seen)}</p>
        <p class="muted small">
          {[resemblesWords(unknown), quality === null ? null : `quality ${quality.toFixed(2)}`]
            .filter(Boolean)
            .join(' · ')}
        </p>
        {may('enroll') && (
          <div class="unknown-acts">
            <button
              type="button"
              class="button"
              disabled={busy}
              onClick={() => {
                dialog.value = { name: 'name-unknown', unknown };
              }}
            >
              Who is this?
            </button>
            <button
              type="button"
              class="button-icon"
              disabled={busy}
              aria-label="Dismiss this person"
              title="Dismiss: forget these faces"
              onClick={() => run(dismiss)}
            >
              <Icon name="close" />
            </button>
          </div>
        )}
        {problem !== null && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
      </div>
    </li>
  );
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
