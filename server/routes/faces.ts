import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import type { Template } from '../../gallery/subject.ts';
import { errorAnswers, fileAnswer, moment, nothing, PICTURE_ERRORS, picturesBody } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import { isoTime } from '../iso-time.ts';
import { intBox } from '../pictures/detection-view.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const kind = z.enum(['positive', 'negative'], { error: 'must be positive or negative' });
const subjectParams = z.object({ id: z.string().max(200) });
const faceParams = z.object({ id: z.string().max(200), face: z.string().max(200) });

const faceView = z
  .object({
    id: z.string(),
    kind: kind.describe('`negative`: this is not the subject, though it looks like it'),
    model: z.string(),
    searched: z.boolean().describe('false: of another model than the one that runs, or damaged'),
    quality: z.number().nullable(),
    source: z.string().describe('where the picture came from'),
    createdAt: moment,
    image: z.boolean().describe('whether its picture is kept'),
  })
  .meta({ id: 'Face' });

const enrolledFace = z
  .object({
    templateId: z.string(),
    quality: z.number().nullable(),
    qualitySignal: z.string().nullable(),
    bbox: z
      .tuple([z.int(), z.int(), z.int(), z.int()])
      .describe('x1, y1, x2, y2 in pixels of the picture as it was sent'),
    note: z.string().nullable().describe('what is worth knowing, though the face was taken'),
  })
  .meta({ id: 'EnrolledFace' });

/** The enrolled faces of a subject. */
export function faceRoutes(
  app: ServerApp,
  desk: PictureDesk,
  parts: Pick<ServerParts, 'gallery' | 'enrol' | 'audit'>,
): void {
  const { gallery, audit } = parts;
  /** An id is good for its own subject only, so that nobody removes the face of another one by a slip. */
  const faceOf = ({ id, face }: z.output<typeof faceParams>): Template => {
    const subject = gallery.subject(id);
    const template = gallery.template(face);
    if (template.subjectId === subject.id) return template;
    throw new AppError('TEMPLATE_NOT_FOUND', `"${subject.name}" has no face with the id "${face.slice(0, 64)}"`);
  };

  app.route({
    method: 'GET',
    url: '/subjects/:id/faces',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      operationId: 'listFaces',
      summary: 'The enrolled faces of a subject, oldest first',
      params: subjectParams,
      response: {
        200: z.object({ faces: z.array(faceView) }),
        ...errorAnswers('SUBJECT_NOT_FOUND', 'GALLERY_UNAVAILABLE'),
      },
    },
    handler: (request) => ({ faces: gallery.templates(request.params.id).map(view) }),
  });

  app.route({
    method: 'POST',
    url: '/subjects/:id/faces',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      operationId: 'addFace',
      summary: 'Enrols the one face of a picture',
      description:
        'A face that looks like another subject is refused (SUBJECT_COLLISION, `details` name the subject and the similarity) unless `force=true`.',
      consumes: ['multipart/form-data'],
      params: subjectParams,
      querystring: z.object({
        kind: kind.default('positive').describe('`negative`: this is not the subject, though it looks like it'),
        force: z
          .enum(['true', 'false'], { error: 'must be true or false' })
          .default('false')
          .describe('enrol it though it looks like somebody else'),
      }),
      body: picturesBody('image'),
      response: {
        201: enrolledFace,
        ...errorAnswers(
          'DISK_LIMIT',
          ...PICTURE_ERRORS,
          'SUBJECT_NOT_FOUND',
          'SUBJECT_COLLISION',
          'FACE_NOT_FOUND',
          'FACE_NOT_UNIQUE',
          'FACE_UNFIT',
          'GALLERY_UNAVAILABLE',
          'AUDIT_UNAVAILABLE',
        ),
      },
    },
    handler: (request, reply) =>
      desk.work(reply, async () => {
        // Before the upload, not after it.
        const { id: subjectId } = gallery.subject(request.params.id);
        const { image: bytes } = await desk.read(request, ['image']);
        const image = await desk.decode(bytes, 'image');
        const { kind } = request.query;
        const force = request.query.force === 'true';
        const enrolled = await parts.enrol({ subjectId, image, source: 'upload', kind, force });
        const { templateId, quality, face, note } = enrolled;
        const details = { face: templateId, kind, forced: force };
        audit.record({ action: 'template.added', by: callerName(request), subject: subjectId, details });
        const { qualitySignal, box } = face;
        return reply.code(201).send({ templateId, quality, qualitySignal, bbox: intBox(box, image), note });
      }),
  });

  app.route({
    method: 'DELETE',
    url: '/subjects/:id/faces/:face',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      operationId: 'removeFace',
      summary: 'Forgets one enrolled face and its picture',
      params: faceParams,
      response: {
        204: nothing,
        ...errorAnswers('SUBJECT_NOT_FOUND', 'TEMPLATE_NOT_FOUND', 'GALLERY_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: async (request, reply) => {
      const { id, subjectId } = faceOf(request.params);
      gallery.removeTemplate(id);
      const details = { face: id };
      audit.record({ action: 'template.removed', by: callerName(request), subject: subjectId, details });
      return reply.code(204).send(null);
    },
  });

  app.route({
    method: 'GET',
    url: '/subjects/:id/faces/:face/image.jpg',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      operationId: 'getFaceImage',
      summary: 'The picture of an enrolled face, where pictures are kept',
      params: faceParams,
      response: {
        200: fileAnswer('the face with its surroundings', 'image/jpeg'),
        ...errorAnswers(
          'SUBJECT_NOT_FOUND',
          'TEMPLATE_NOT_FOUND',
          'IMAGE_NOT_KEPT',
          'GALLERY_UNAVAILABLE',
          'AUDIT_UNAVAILABLE',
        ),
      },
    },
    handler: async (request, reply) => {
      const { id, subjectId } = faceOf(request.params);
      const image = gallery.image(id);
      const details = { face: id };
      audit.record({ action: 'image.viewed', by: callerName(request), subject: subjectId, details });
      return reply.type('image/jpeg').send(image);
    },
  });
}

const view = ({ id, kind, model, searched, quality, source, createdAtMs, hasImage }: Template) => ({
  id,
  kind,
  model,
  searched,
  quality,
  source,
  createdAt: isoTime(createdAtMs),
  image: hasImage,
});
