import type { EnrolledFaceView, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { announce } from '../state/announce.ts';
import { galleryChanged } from '../state/gallery-changes.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { dateOf } from '../ui/time-words.ts';

export function RemoveFace({ subject, face }: { subject: SubjectView; face: EnrolledFaceView }) {
  const negative = face.kind === 'negative';
  const last = !negative && face.searched && subject.templates === 1;
  const remove = async () => {
    await facegateApi.removeFace(subject.id, face.id);
    announce('The face is removed.');
    galleryChanged();
  };
  return (
    <ConfirmDialog title="Remove this face?" keep="Keep" act="Remove" acting="Removing …" onAct={remove}>
      <p>
        {negative ? 'A look-alike of' : 'A face of'} {subject.name}, {face.source}, enrolled on {dateOf(face.createdAt)}
        {face.image ? ', goes with its kept picture.' : ', goes.'}
      </p>
      {last && (
        <p class="note">
          It is the last one that is searched: {subject.name} stays in the list and is no longer recognised by any
          camera.
        </p>
      )}
      {negative && <p class="note">Whoever it shows may be taken for {subject.name} again.</p>}
    </ConfirmDialog>
  );
}
