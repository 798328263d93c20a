import { useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';

interface PictureDropProps {
  onFiles(files: readonly File[]): void;
  /** Null: there is no camera to take pictures with. */
  onCamera: (() => void) | null;
  disabled: boolean;
}

/** Files come by the picker, by drag and drop, or (the dialog listens for it) by paste; or a camera takes them. */
export function PictureDrop({ onFiles, onCamera, disabled }: PictureDropProps) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a target for dropped files; the button inside is the way by keyboard
    <div
      class={over ? 'drop drop-over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!disabled) onFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <Icon name="upload" size={24} />
      <div class="drop-ways">
        <button type="button" class="button" disabled={disabled} onClick={() => input.current!.click()}>
          Choose pictures
        </button>
        {onCamera && (
          <button type="button" class="button" disabled={disabled} onClick={onCamera}>
            <Icon name="camera" /> Take them with a camera
          </button>
        )}
      </div>
      <span class="muted small">or drop or paste them here. One face a picture; a few different ones are best.</span>
      <input
        ref={input}
        type="file"
        name="pictures"
        class="sr-only"
        accept="image/jpeg,image/png,image/webp"
        multiple
        tabIndex={-1}
        aria-label="Pictures"
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again after it was taken out.
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
