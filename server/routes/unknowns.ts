import { z } from 'zod';
import { errorAnswers, fileAnswer, idParams, nothing, subjectView } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { viewOfSubject } from '../view-of-subject.ts';

const name = z.string({ error: 'must be a text' });
const whoItIs = z.union(
  [
    z.strictObject({ subjectId: z.string().max(200) }),
    z.strictObject({ name, groups: z.array(z.string().max(100)).max(50).optional() }),
  ],
  { error: 'must be {subjectId} or {name, groups?}' },
);

const unknownView = z
  .object({
    id: z.string(),
    faces: z.int().describe('in so many pictures of the cameras'),
    cameras: z.array(z.string()).readonly(),
    firstSeenAt: z.string(),
    lastSeenAt: z.string(),
    quality: z.number().nullable().describe('0..1, of the best face held'),
    resembles: z
      .object({ subject: z.object({ id: z.string(), name: z.string() }), similarity: z.number() })
      .nullable()
      .describe('whom they look like most, if anybody'),
  })
  .meta({ id: 'Unknown' });

export function unknownRoutes(app: ServerApp, { unknowns, audit }: Pick<ServerParts, 'unknowns' | 'audit'>): void {
  app.route({
    method: 'GET',
    url: '/unknowns',
    config: { access: 'read' },
    schema: {
      tags: ['unknowns'],
      operationId: 'listUnknowns',
      summary: 'Those whom the cameras saw and nobody knew',
      description:
        'Last seen first; faces that look alike are one of them. With `camera` and `frame` (of an event or a live frame) those who were there then.',
      querystring: z
        .object({
          camera: z.string().max(200).optional().describe('those whom this camera saw'),
          frame: z.coerce
            .number()
            .int('must be a whole number')
            .min(0, 'must be 0 or more')
            .optional()
            .describe('those who were in front of `camera` around this frame'),
        })
        .refine((query) => query.frame === undefined || query.camera !== undefined, {
          path: ['camera'],
          error: 'must be given with "frame"',
        }),
      response: {
        200: z.object({
          keepMinutes: z.number().describe('how long a face is held; 0: none is'),
          unknowns: z.array(unknownView),
        }),
        ...errorAnswers('GALLERY_UNAVAILABLE'),
      },
    },
    handler: async (request) => {
      const { camera, frame } = request.query;
      const found = await unknowns.list({
        ...(camera !== undefined && { camera }),
        ...(frame !== undefined && { frame }),
      });
      return { keepMinutes: unknowns.keepMs / 60_000, unknowns: found };
    },
  });

  app.route({
    method: 'GET',
    url: '/unknowns/:id/face.jpg',
    config: { access: 'read' },
    schema: {
      tags: ['unknowns'],
      operationId: 'unknownPicture',
      summary: 'The best picture of their face',
      params: idParams,
      response: { 200: fileAnswer('the picture', 'image/jpeg'), ...errorAnswers('UNKNOWN_NOT_FOUND') },
    },
    handler: async (request, reply) => reply.type('image/jpeg').send(unknowns.picture(request.params.id)),
  });

  app.route({
    method: 'POST',
    url: '/unknowns/:id/subject',
    config: { access: 'enroll' },
    schema: {
      tags: ['unknowns'],
      operationId: 'nameUnknown',
      summary: 'Says who it is, and enrols the faces held',
      description: 'Into a subject that exists (`subjectId`), or a new one (`name`).',
      params: idParams,
      querystring: z.object({
        force: z
          .enum(['true', 'false'], { error: 'must be true or false' })
          .default('false')
          .describe('enrol though the face looks like somebody else'),
      }),
      body: whoItIs,
      response: {
        201: z.object({ subject: subjectView, templates: z.int().describe('how many faces were enrolled') }),
        ...errorAnswers(
          'SUBJECT_LIMIT',
          'DISK_LIMIT',
          'UNKNOWN_NOT_FOUND',
          'SUBJECT_NOT_FOUND',
          'SUBJECT_EXISTS',
          'SUBJECT_COLLISION',
          'GALLERY_UNAVAILABLE',
          'AUDIT_UNAVAILABLE',
        ),
      },
    },
    handler: async (request, reply) => {
      const force = request.query.force === 'true';
      const { subject, templates, created } = await unknowns.name(request.params.id, request.body, { force });
      const by = callerName(request);
      if (created) audit.record({ action: 'subject.created', by, subject: subject.id, details: {} });
      audit.record({
        action: 'template.added',
        by,
        subject: subject.id,
        details: { templates, from: 'unknown', forced: force },
      });
      return reply.code(201).send({ subject: viewOfSubject(subject), templates });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/unknowns/:id',
    config: { access: 'enroll' },
    schema: {
      tags: ['unknowns'],
      operationId: 'forgetUnknown',
      summary: 'Forgets them',
      params: idParams,
      response: { 204: nothing, ...errorAnswers('UNKNOWN_NOT_FOUND') },
    },
    handler: async (request, reply) => {
      unknowns.forget(request.params.id);
      return reply.code(204).send(null);
    },
  });
}
