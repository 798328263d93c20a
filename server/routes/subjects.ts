import { z } from 'zod';
import { errorAnswers, idParams, nothing, PICTURE_ERRORS, picturesBody, subjectView } from '../api-schemas.ts';
import { intBox } from '../pictures/detection-view.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts, Subject } from '../server-parts.ts';

const newSubject = z.strictObject({ name: z.string({ error: 'must be a text' }) });
const enrolledFace = z.object({
  templateId: z.string(),
  quality: z.number().nullable(),
  qualitySignal: z.string().nullable(),
  bbox: z.tuple([z.int(), z.int(), z.int(), z.int()]),
});

export function subjectRoutes(app: ServerApp, desk: PictureDesk, parts: Pick<ServerParts, 'gallery' | 'enrol'>): void {
  const { gallery } = parts;

  app.route({
    method: 'GET',
    url: '/subjects',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      summary: 'Everybody who is enrolled',
      response: { 200: z.object({ subjects: z.array(subjectView) }), ...errorAnswers() },
    },
    handler: () => ({ subjects: gallery.subjects().map(view) }),
  });

  app.route({
    method: 'POST',
    url: '/subjects',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      summary: 'Creates a subject, without any face yet',
      body: newSubject,
      response: { 201: subjectView, ...errorAnswers('SUBJECT_EXISTS', 'GALLERY_UNAVAILABLE') },
    },
    handler: async (request, reply) => reply.code(201).send(view(gallery.createSubject({ name: request.body.name }))),
  });

  app.route({
    method: 'GET',
    url: '/subjects/:id',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      summary: 'One subject',
      params: idParams,
      response: { 200: subjectView, ...errorAnswers('SUBJECT_NOT_FOUND') },
    },
    handler: (request) => view(gallery.subject(request.params.id)),
  });

  app.route({
    method: 'DELETE',
    url: '/subjects/:id',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      summary: 'Forgets a subject and its faces',
      params: idParams,
      response: { 204: nothing, ...errorAnswers('SUBJECT_NOT_FOUND', 'GALLERY_UNAVAILABLE') },
    },
    handler: async (request, reply) => {
      gallery.removeSubject(request.params.id);
      return reply.code(204).send(null);
    },
  });

  app.route({
    method: 'POST',
    url: '/subjects/:id/faces',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      summary: 'Enrols the one face of a picture',
      consumes: ['multipart/form-data'],
      params: idParams,
      body: picturesBody('image'),
      response: {
        201: enrolledFace,
        ...errorAnswers(...PICTURE_ERRORS, 'SUBJECT_NOT_FOUND', 'FACE_NOT_FOUND', 'FACE_NOT_UNIQUE', 'FACE_UNFIT'),
      },
    },
    handler: (request, reply) =>
      desk.work(reply, async () => {
        // Before the upload, not after it.
        const { id: subjectId } = gallery.subject(request.params.id);
        const { image: bytes } = await desk.read(request, ['image']);
        const image = await desk.decode(bytes, 'image');
        const { templateId, quality, face } = await parts.enrol({ subjectId, image, source: 'upload' });
        const { qualitySignal, box } = face;
        return reply.code(201).send({ templateId, quality, qualitySignal, bbox: intBox(box, image) });
      }),
  });
}

const view = ({ id, name, templates, createdAtMs }: Subject) => ({
  id,
  name,
  templates,
  createdAt: new Date(createdAtMs).toISOString(),
});
