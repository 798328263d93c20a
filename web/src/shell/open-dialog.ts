import { signal } from '@preact/signals';
import type { SubjectView } from '../api/api-types.ts';
import type { LiveFrame } from '../api/live-message.ts';

export type OpenDialog =
  | { name: 'help' }
  | { name: 'add-camera' }
  | { name: 'change-camera'; id: string }
  | { name: 'areas'; id: string }
  | { name: 'remove-camera'; id: string }
  | { name: 'enrol'; subject: SubjectView | null; picture?: File }
  | { name: 'enrol-from-camera'; frame: LiveFrame; jpeg: Blob }
  | { name: 'remove-subject'; subject: SubjectView };

/** The one dialog that is open. */
export const dialog = signal<OpenDialog | null>(null);

export function closeDialog(): void {
  dialog.value = null;
}
