import { ApiError } from '../api/api-error.ts';
import type { FaceKind, SubjectView, TemplateView } from '../api/api-types.ts';
import type { FaceTerms } from '../api/facegate-api.ts';

export interface EnrolApi {
  createSubject(name: string): Promise<SubjectView>;
  subjectNamed(name: string): Promise<SubjectView | null>;
  removeSubject(id: string): Promise<void>;
  addFace(subjectId: string, picture: Blob, fileName: string, terms: FaceTerms): Promise<TemplateView>;
}

export interface EnrolPicture {
  readonly key: string;
  readonly file: File;
  /** Though it looks like somebody else. */
  readonly force?: boolean;
}

export type PictureOutcome =
  | { taken: true; quality: number | null; note: string | null }
  | { taken: false; error: unknown };

/**
 * Gives a person pictures, one after the other. Somebody new of whom no picture was taken is removed again: a name
 * without a face would stand in the list and never be recognised.
 * @param who a name (the person is made, or found where the name exists already), or the person.
 * @returns the person, or null where nothing remained.
 * @throws whatever the server says about the name.
 */
export async function enrol(
  who: string | SubjectView,
  pictures: readonly EnrolPicture[],
  api: EnrolApi,
  onPicture: (key: string, outcome: PictureOutcome | 'sending') => void,
  kind: FaceKind = 'positive',
): Promise<SubjectView | null> {
  const { subject, isNew } = typeof who === 'string' ? await findOrCreate(who, api) : { subject: who, isNew: false };
  let taken = 0;
  for (const { key, file, force = false } of pictures) {
    onPicture(key, 'sending');
    try {
      const { quality, note = null } = await api.addFace(subject.id, file, file.name, { kind, force });
      taken += 1;
      onPicture(key, { taken: true, quality, note });
    } catch (error) {
      onPicture(key, { taken: false, error });
    }
  }
  if (isNew && taken === 0) {
    await api.removeSubject(subject.id);
    return null;
  }
  return { ...subject, templates: subject.templates + (kind === 'positive' ? taken : 0) };
}

async function findOrCreate(name: string, api: EnrolApi): Promise<{ subject: SubjectView; isNew: boolean }> {
  try {
    return { subject: await api.createSubject(name), isNew: true };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'SUBJECT_EXISTS') throw error;
    const subject = await api.subjectNamed(name);
    if (!subject) throw error;
    return { subject, isNew: false };
  }
}
