import { facegateApi, type WhoItIs } from '../api/facegate-api.ts';
import { announce } from '../state/announce.ts';
import { galleryChanged } from '../state/gallery-changes.ts';
import { settle } from './unknowns.ts';

/** Enrols an unknown person's faces into somebody who is there, or into somebody new. */
export async function nameUnknown(id: string, who: WhoItIs, options: { force?: boolean } = {}): Promise<void> {
  const { subject, templates } = await facegateApi.nameUnknown(id, who, options);
  announce(`${subject.name} is enrolled with ${templates} more ${templates === 1 ? 'face' : 'faces'}.`);
  settle(id);
  galleryChanged();
}
