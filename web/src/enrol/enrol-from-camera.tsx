import { useState } from 'preact/hooks';
import type { LiveFrame } from '../api/live-message.ts';
import { closeDialog, dialog } from '../shell/open-dialog.ts';
import { cameraName } from '../state/cameras.ts';
import { Dialog } from '../ui/dialog.tsx';
import { PictureCanvas } from '../ui/picture-canvas.tsx';
import { cropAround } from '../wall/face-geometry.ts';
import { STATUS_WORDS, whyNot } from '../wall/face-words.ts';
import { cutOutFace } from './cut-out-face.ts';

/** A narrower face gives a template that matches badly for ever after. */
const NARROWEST_PX = 48;

/** One moment of a camera: whose face is to be enrolled? */
export function EnrolFromCamera({ frame, jpeg }: { frame: LiveFrame; jpeg: Blob }) {
  const [problem, setProblem] = useState<string | null>(null);
  const faces = [...frame.faces].sort((a, b) => a.bbox[0] - b.bbox[0]);
  const choose = async (index: number) => {
    try {
      const face = faces[index]!;
      const name = `${frame.camera}-${frame.sequence}.jpg`;
      const picture = await cutOutFace(jpeg, frame, face, name);
      dialog.value = { name: 'enrol', subject: null, picture };
    } catch {
      setProblem('The picture could not be cut.');
    }
  };
  return (
    <Dialog title="Whose face?" onClose={closeDialog} wide>
      <p class="muted">{cameraName(frame.camera)}, this moment. The clearer the face, the better it is found again.</p>
      <ul class="face-choice">
        {faces.map((face, index) => {
          const small = face.bbox[2] - face.bbox[0] < NARROWEST_PX;
          const title = face.subject?.name ?? STATUS_WORDS[face.status];
          const why = small ? `under ${NARROWEST_PX} pixels wide` : whyNot(face);
          return (
            <li key={`${face.bbox}`}>
              <button type="button" class="face-button" disabled={small} onClick={() => choose(index)}>
                <PictureCanvas picture={jpeg} part={cropAround(face.bbox, frame, 0.4)} label="" longest={220} />
                <span class="face-who">{title}</span>
                <span class="muted small">{why ?? ''}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <p class="problem" role="alert">
        {problem}
      </p>
    </Dialog>
  );
}
