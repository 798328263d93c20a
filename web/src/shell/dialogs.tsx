import { CreateKey } from '../admin/create-key.tsx';
import { RevokeKey } from '../admin/revoke-key.tsx';
import { AreasDialog } from '../areas/areas-dialog.tsx';
import { AddCameraDialog } from '../camera/add-camera-dialog.tsx';
import { ChangeCameraDialog } from '../camera/change-camera-dialog.tsx';
import { RemoveCamera } from '../camera/remove-camera.tsx';
import { LockDown } from '../doors/lock-down.tsx';
import { ReleaseDoors } from '../doors/release-doors.tsx';
import { UnlockDoor } from '../doors/unlock-door.tsx';
import { EnrolDialog } from '../enrol/enrol-dialog.tsx';
import { EnrolFromCamera } from '../enrol/enrol-from-camera.tsx';
import { RemoveFace } from '../people/remove-face.tsx';
import { RemoveSubject } from '../people/remove-subject.tsx';
import { NameDialog } from '../unknowns/name-dialog.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { dialog } from './open-dialog.ts';

/** The one dialog that is open, if any. */
export function Dialogs() {
  const open = dialog.value;
  switch (open?.name) {
    case 'help':
      return <HelpDialog />;
    case 'add-camera':
      return <AddCameraDialog />;
    case 'change-camera':
      return <ChangeCameraDialog id={open.id} />;
    case 'areas':
      return <AreasDialog id={open.id} />;
    case 'remove-camera':
      return <RemoveCamera id={open.id} />;
    case 'enrol':
      return <EnrolDialog subject={open.subject} picture={open.picture} kind={open.kind} />;
    case 'enrol-from-camera':
      return <EnrolFromCamera frame={open.frame} jpeg={open.jpeg} />;
    case 'remove-subject':
      return <RemoveSubject subject={open.subject} faces={open.faces} />;
    case 'remove-face':
      return <RemoveFace subject={open.subject} face={open.face} />;
    case 'name-unknown':
      return <NameDialog unknown={open.unknown} />;
    case 'lock-down':
      return <LockDown id={open.door} />;
    case 'release':
      return <ReleaseDoors id={open.door} />;
    case 'unlock':
      return <UnlockDoor id={open.door} />;
    case 'create-key':
      return <CreateKey />;
    case 'revoke-key':
      return <RevokeKey apiKey={open.key} />;
    default:
      return null;
  }
}
