import { useMemo } from 'preact/hooks';
import type { ProbeAnswer } from '../api/api-types.ts';
import { Icon } from '../ui/icon.tsx';
import { PictureCanvas } from '../ui/picture-canvas.tsx';
import { sentence } from '../ui/sentence.ts';

/** What a camera showed, or why it did not. */
export function ProbeResult({ answer }: { answer: ProbeAnswer }) {
  const picture = useMemo(() => (answer.ok && answer.picture ? blobOf(answer.picture) : null), [answer]);
  if (!answer.ok) {
    return (
      <div class="probe probe-bad">
        <Icon name="warn" />
        <span>
          {sentence(answer.message)} <span class="muted small">{answer.code}</span>
        </span>
      </div>
    );
  }
  const facts = [
    `${answer.width} × ${answer.height}`,
    answer.codec,
    answer.fps === null ? null : `${Math.round(answer.fps * 100) / 100} fps`,
  ].filter(Boolean);
  return (
    <div class="probe probe-good">
      {picture && <PictureCanvas picture={picture} label="The camera’s picture now" />}
      <p>
        <Icon name="check" /> The camera answers: {facts.join(', ')}
      </p>
    </div>
  );
}

/** The page's policy allows no data: address in a picture, so the bytes are taken out. */
function blobOf(dataUrl: string): Blob | null {
  const match = /^data:([\w/+.-]+);base64,(.+)$/s.exec(dataUrl);
  if (!match) return null;
  return new Blob([Uint8Array.from(atob(match[2]!), (byte) => byte.charCodeAt(0))], { type: match[1]! });
}
