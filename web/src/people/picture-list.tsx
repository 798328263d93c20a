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
}: {
  pictures: readonly PictureDraft[];
  onRemove(key: string): void;
}) {
  return (
    <ul class="pictures" aria-label="Pictures" aria-live="polite">
      {pictures.map(({ key, file, at, note }) => (
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
