import { signal } from '@preact/signals';
import { announce } from '../state/announce.ts';
import { readKept, writeKept } from '../state/kept.ts';

/**
 * `exact`: every analysed picture with the boxes that belong to it. `smooth`: the camera's video at its full rate, with the
 * newest boxes over it.
 */
export type Viewing = 'exact' | 'smooth';

/** Of this browser, for all cameras. */
export const viewing = signal<Viewing>(readKept('viewing') === 'smooth' ? 'smooth' : 'exact');

export function view(how: Viewing): void {
  viewing.value = how;
  writeKept('viewing', how === 'exact' ? null : how);
  announce(how === 'smooth' ? 'Smooth video.' : 'Exact pictures.');
}
