import { AreasDialog } from '../areas/areas-dialog.tsx';
import { AddCameraDialog } from '../camera/add-camera-dialog.tsx';
import { ChangeCameraDialog } from '../camera/change-camera-dialog.tsx';
import { RemoveCamera } from '../camera/remove-camera.tsx';
import { EnrolDialog } from '../people/enrol-dialog.tsx';
import { EnrolFromCamera } from '../people/enrol-from-camera.tsx';
import { RemoveSubject } from '../people/remove-subject.tsx';
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
      return <EnrolDialog subject={open.subject} picture={open.picture} />;
    case 'enrol-from-camera':
      return <EnrolFromCamera frame={open.frame} jpeg={open.jpeg} />;
    case 'remove-subject':
      return <RemoveSubject subject={open.subject} />;
    default:
      return null;
  }
}
