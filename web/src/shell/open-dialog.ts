import { signal } from '@preact/signals';
import type { EnrolledFaceView, FaceKind, KeyView, SubjectView, UnknownView } from '../api/api-types.ts';
import type { LiveFrame } from '../api/live-message.ts';

export type OpenDialog =
  | { name: 'help' }
  | { name: 'add-camera' }
  | { name: 'change-camera'; id: string }
  | { name: 'areas'; id: string }
  | { name: 'remove-camera'; id: string }
  | { name: 'enrol'; subject: SubjectView | null; picture?: File; kind?: FaceKind }
  | { name: 'enrol-from-camera'; frame: LiveFrame; jpeg: Blob }
  | { name: 'remove-subject'; subject: SubjectView; faces: readonly EnrolledFaceView[] | null }
  | { name: 'remove-face'; subject: SubjectView; face: EnrolledFaceView }
  | { name: 'name-unknown'; unknown: UnknownView }
  /** `door` null: every door. */
  | { name: 'lock-down'; door: string | null }
  | { name: 'release'; door: string | null }
  | { name: 'unlock'; door: string }
  | { name: 'create-key' }
  | { name: 'revoke-key'; key: KeyView };

/** The one dialog that is open. */
export const dialog = signal<OpenDialog | null>(null);

export function closeDialog(): void {
  dialog.value = null;
}
