import { Icon } from '../ui/icon.tsx';
import { PictureCanvas } from '../ui/picture-canvas.tsx';
import type { PictureDraft } from './picture-draft.ts';

const WORDS: Record<PictureDraft['at'], string> = {
  waiting: 'Ready',
  sending: 'Sending …',
  taken: 'Enrolled',
  refused: 'Refused',
};

export function PictureList({
  pictures,
  onRemove,
  onInsist,
}: {
  pictures: readonly PictureDraft[];
  onRemove(key: string): void;
  /** Enrol it though it looks like somebody else. */
  onInsist(key: string): void;
}) {
  return (
    <ul class="pictures" aria-label="Pictures" aria-live="polite">
      {pictures.map(({ key, file, at, note, collision }) => (
        <li key={key} class={`picture-row picture-${at}`} data-at={at}>
          <span class="picture-frame">
            <PictureCanvas picture={file} label="" longest={96} />
          </span>
          <span class="picture-text">
            <span class="picture-name">{file.name}</span>
            <span class="picture-note">
              {at === 'taken' && <Icon name="check" size={14} />}
              {at === 'refused' && <Icon name="warn" size={14} />}
              {WORDS[at]}
              {note !== null && `: ${note}`}
            </span>
            {at === 'refused' && collision && (
              <button type="button" class="button picture-insist" onClick={() => onInsist(key)}>
                They are two people: enrol anyway
              </button>
            )}
          </span>
          {at !== 'sending' && at !== 'taken' && (
            <button
              type="button"
              class="button-icon button-small"
              aria-label={`Take ${file.name} out`}
              title="Take it out"
              onClick={() => onRemove(key)}
            >
              <Icon name="close" size={16} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
