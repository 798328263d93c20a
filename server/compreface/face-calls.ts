import { z } from 'zod';
import type { Template } from '../../gallery/subject.ts';
import { requireAccess } from '../callers/authenticate.ts';
import { callerName } from '../callers/caller-name.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { ComprefaceError } from './compreface-error.ts';
import {
  deletedAnswer,
  faceAnswer,
  facesAnswer,
  facesQuery,
  idsBody,
  imageParams,
  refusals,
  removeFacesQuery,
} from './compreface-schemas.ts';
import { exampleOf, examplesOf } from './example-of.ts';
import { oneByOne } from './one-by-one.ts';

/** The enrolled faces. CompreFace calls one an image, and its id `image_id`, whether or not the picture is kept. */
export function faceCalls(app: ServerApp, { gallery, audit }: Pick<ServerParts, 'gallery' | 'audit'>): void {
  const view = ({ id, subjectId }: Template) => ({ image_id: id, subject: gallery.subject(subjectId).name });
  const remove = ({ id, subjectId }: Template, by: string) => {
    gallery.removeTemplate(id);
    audit.record({ action: 'template.removed', by, subject: subjectId, details: { face: id } });
  };
  /** What is answered for it names its subject, so it is looked at first. */
  const removed = (id: string, by: string) => {
    const example = exampleOf(gallery, id);
    const shown = view(example);
    remove(example, by);
    return shown;
  };

  app.route({
    method: 'GET',
    url: '/recognition/faces',
    config: { access: 'read' },
    schema: {
      tags: ['compreface'],
      summary: 'The enrolled faces, by pages, oldest first',
      querystring: facesQuery,
      response: { 200: facesAnswer, ...refusals },
    },
    handler: ({ query: { page, size, subject } }) => {
      const owner = subject ? gallery.subjectNamed(subject) : null;
      const { templates, total } =
        subject && !owner
          ? { templates: [], total: 0 }
          : gallery.templatePage({ kind: 'positive', subjectId: owner?.id, skip: page * size, most: size });
      return {
        faces: templates.map(view),
        page_number: page,
        page_size: size,
        total_pages: Math.ceil(total / size),
        total_elements: total,
      };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/recognition/faces',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Removes the faces of a subject, or of everybody',
      description: 'The subject stays. Without `subject` it needs the scope `admin`.',
      querystring: removeFacesQuery,
      response: { 200: deletedAnswer, ...refusals },
    },
    handler: async (request) => {
      const { subject } = request.query;
      // One slip in a client, an empty variable in an address, must not be enough to forget everybody.
      if (subject?.trim() === '') throw new ComprefaceError(26, 'subject must not be empty');
      if (subject === undefined) requireAccess(request.principal, 'admin');
      const owner = subject === undefined ? undefined : gallery.subjectNamed(subject);
      const examples = owner === null ? [] : examplesOf(gallery, owner?.id);
      const removed = await oneByOne(examples, (example) => remove(example, callerName(request)));
      return { deleted: removed.length };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/recognition/faces/:image_id',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Removes one face',
      params: imageParams,
      response: { 200: faceAnswer, ...refusals },
    },
    handler: (request) => removed(request.params.image_id, callerName(request)),
  });

  app.route({
    method: 'POST',
    url: '/recognition/faces/delete',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Removes some faces; ids that are not there are passed over',
      body: idsBody,
      response: { 200: z.array(faceAnswer), ...refusals },
    },
    handler: (request) => oneByOne([...new Set(request.body)], (id) => removed(id, callerName(request))),
  });

  app.route({
    method: 'GET',
    url: '/recognition/faces/:image_id/img',
    config: { access: 'read' },
    schema: {
      tags: ['compreface'],
      summary: 'The picture of an enrolled face, where pictures are kept',
      params: imageParams,
      response: { 200: z.any().describe('a JPEG'), ...refusals },
    },
    handler: async (request, reply) => {
      const { id, subjectId } = exampleOf(gallery, request.params.image_id);
      const image = gallery.image(id);
      audit.record({ action: 'image.viewed', by: callerName(request), subject: subjectId, details: { face: id } });
      return reply.type('image/jpeg').send(image);
    },
  });
}
