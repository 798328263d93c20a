import { AppError } from '../../config/app-error.ts';
import type { Template } from '../../gallery/subject.ts';
import type { ServerParts } from '../server-parts.ts';

type Gallery = Pick<ServerParts['gallery'], 'template' | 'templates'>;

/** What CompreFace calls the examples of a subject: its positive templates. It knows nothing of negative ones. */
export function examplesOf(gallery: Gallery, subjectId?: string): Template[] {
  return gallery.templates(subjectId).filter(({ kind }) => kind === 'positive');
}

/** @throws {AppError} TEMPLATE_NOT_FOUND */
export function exampleOf(gallery: Gallery, id: string): Template {
  const template = gallery.template(id);
  if (template.kind === 'positive') return template;
  throw new AppError('TEMPLATE_NOT_FOUND', `there is no example with the id "${id.slice(0, 64)}"`);
}
