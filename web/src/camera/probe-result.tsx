import { useMemo } from 'preact/hooks';
import type { ProbeAnswer, ProbeFound } from '../api/api-types.ts';
import { Icon } from '../ui/icon.tsx';
import { PictureCanvas } from '../ui/picture-canvas.tsx';
import { sentence } from '../ui/sentence.ts';
import { adviceFor, codecName, rate } from '../wall/camera-words.ts';

interface ProbeResultProps {
  answer: ProbeAnswer;
  /** The width that would be used as it stands in the form. */
  width: number;
  /** Absent where the width is not to be changed from here. */
  onWidth?: (width: number) => void;
}

/** What a camera showed, with the smallest face that would be found drawn to scale; or why it showed nothing. */
export function ProbeResult({ answer, width, onWidth }: ProbeResultProps) {
  if (!answer.ok) {
    const advice = adviceFor(answer.code);
    return (
      <div class="probe probe-bad">
        <Icon name="warn" />
        <div>
          <p>
            <strong>{sentence(answer.message)}</strong>
          </p>
          {advice !== null && <p>{advice}</p>}
          <p class="muted small">{answer.code}</p>
        </div>
      </div>
    );
  }
  return <Found answer={answer} width={width} {...(onWidth && { onWidth })} />;
}

function Found({ answer, width, onWidth }: Omit<ProbeResultProps, 'answer'> & { answer: ProbeFound }) {
  const picture = useMemo(() => (answer.picture ? blobOf(answer.picture) : null), [answer]);
  const { smallestFace, faces, better } = answer;
  const facts = [
    `${answer.width} × ${answer.height}`,
    answer.codec && codecName(answer.codec),
    answer.fps === null ? null : `${rate(answer.fps)} fps`,
  ].filter(Boolean);
  return (
    <div class="probe probe-good">
      <p class="probe-fact">
        <Icon name="check" /> The camera answers: {facts.join(', ')}
      </p>
      {picture && (
        <figure class="probe-picture">
          <PictureCanvas picture={picture} label="The camera’s picture now" />
          <svg viewBox={`0 0 ${answer.width} ${answer.height}`} aria-hidden="true">
            <SmallestFace px={smallestFace.px} frame={answer} />
          </svg>
        </figure>
      )}
      <p>
        The square is the smallest face that will be recognised: {smallestFace.px} pixels wide in the camera’s picture.
        What is farther away is smaller.
      </p>
      {faces && !better && <p>{facesWords(faces)}</p>}
      {better && (
        <div class="probe-better">
          <p>
            Faces from {better.px} pixels on would be found{' '}
            {[
              better.width > width ? `in pictures ${better.width} pixels wide` : null,
              better.inputSize > smallestFace.inputSize ? `by a detector of size ${better.inputSize}` : null,
            ]
              .filter((part) => part !== null)
              .join(', ')}
            . {sentence(better.why)}
          </p>
          {better.width > width && onWidth && (
            <button type="button" class="button" onClick={() => onWidth(better.width)}>
              Use {better.width} pixels
            </button>
          )}
          {better.inputSize > smallestFace.inputSize && (
            <p class="small">
              The detector’s size holds for all cameras and stands in the configuration file:{' '}
              <code>models.detector.inputSize: {better.inputSize}</code>
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** Where no setting would find more of them. */
function facesWords({ found, tooSmall }: NonNullable<ProbeFound['faces']>): string {
  if (found === 0) return 'No face is in the picture now.';
  if (tooSmall === 0)
    return found === 1
      ? 'The face in the picture is large enough.'
      : `The ${found} faces in the picture are large enough.`;
  return `${tooSmall} of ${found} faces in the picture are too small, and no setting helps: people must be closer.`;
}

/** A square of that many pixels of the camera's picture, in its lower left corner, with a dark edge for bright pictures. */
function SmallestFace({ px, frame }: { px: number; frame: { width: number; height: number } }) {
  const margin = frame.height * 0.06;
  const y = frame.height - margin - px;
  return (
    <>
      <rect class="scale-edge" x={margin} y={y} width={px} height={px} />
      <rect class="scale-line" x={margin} y={y} width={px} height={px} />
    </>
  );
}

/** The page's policy allows no data: address in a picture, so the bytes are taken out. */
function blobOf(dataUrl: string): Blob | null {
  const match = /^data:([\w/+.-]+);base64,(.+)$/s.exec(dataUrl);
  if (!match) return null;
  return new Blob([Uint8Array.from(atob(match[2]!), (byte) => byte.charCodeAt(0))], { type: match[1]! });
}
