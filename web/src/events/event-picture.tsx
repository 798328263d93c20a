import { useEffect, useRef, useState } from 'preact/hooks';
import type { AccessEvent } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { whileSeen } from '../preview/while-seen.ts';
import { may } from '../state/session.ts';
import { pictureWords } from './picture-words.ts';

type Shown = { readonly url: string; readonly isWide?: boolean } | { readonly words: string } | null;

/** Whether there may be a picture of it for whoever looks here. */
export const mayHavePicture = ({ snapshotUrl }: AccessEvent): boolean => snapshotUrl !== undefined && may('pictures');

/**
 * The picture of the moment. It is asked for when it first comes into view, and once: each look is written down at the server.
 */
export function EventPicture({ event, label }: { event: AccessEvent; label: string }) {
  const element = useRef<HTMLSpanElement>(null);
  const [shown, setShown] = useState<Shown>(null);
  const { id } = event;
  useEffect(() => {
    let url: string | null = null;
    let gone = false;
    let asked = false;
    setShown(null);
    const ask = async () => {
      try {
        const jpeg = await facegateApi.eventPicture(id);
        if (gone) return;
        url = URL.createObjectURL(jpeg);
        setShown({ url });
      } catch (error) {
        if (!gone) setShown({ words: pictureWords(error) });
      }
    };
    const end = whileSeen(element.current!, () => {
      if (!asked) void ask();
      asked = true;
      return () => undefined;
    });
    return () => {
      gone = true;
      end();
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [id]);
  const isWide = shown !== null && 'url' in shown && shown.isWide;
  return (
    <span ref={element} class={`event-picture ${isWide ? 'event-picture-wide' : ''}`} aria-busy={shown === null}>
      {shown !== null &&
        ('url' in shown ? (
          <img
            src={shown.url}
            alt={label}
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
              setShown({ url: shown.url, isWide: naturalWidth > 1.3 * naturalHeight })
            }
          />
        ) : (
          <span class="event-no-picture">{shown.words}</span>
        ))}
    </span>
  );
}
