import { z } from 'zod';
import type { SubjectDraft } from '../../gallery/subject.ts';
import { errorAnswers, idParams, nothing, subjectView, wholeQuery } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import { listedInPieces } from '../listed-in-pieces.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { viewOfSubject } from '../view-of-subject.ts';

/** What a text may hold and how long it may be says the gallery, which names the field as well. */
const text = z.string({ error: 'must be a text' });
const time = z.iso
  .datetime({ offset: true, error: 'must be a time like "2026-11-21T09:00:00Z"' })
  .transform((written, context) => {
    const ms = Date.parse(written);
    if (Number.isFinite(ms)) return ms;
    context.addIssue({ code: 'custom', message: 'must be a time like "2026-11-21T09:00:00Z"' });
    return z.NEVER;
  });

const fields = {
  name: text.describe('1 to 200 characters, unique whatever their case'),
  groups: z
    .array(text, { error: 'must be a list of texts' })
    .optional()
    .describe('at most 50, each of 1 to 100 characters'),
  notes: text.optional().describe('at most 2000 characters'),
  validFrom: time.nullish().describe('known from then on'),
  validUntil: time.nullish().describe('known until before then'),
  consent: z
    .strictObject({ by: text, at: time, basis: text }, { error: 'must be {by, at, basis}, or null' })
    .nullish()
    .describe('who recorded that the face may be kept, when, and on what ground'),
};
const newSubject = z.strictObject(fields).meta({ id: 'NewSubject' });
const subjectPatch = z
  .strictObject({ ...fields, name: fields.name.optional() })
  .meta({ id: 'SubjectPatch', description: 'What is left out stays; null takes a time or the consent away.' });

const listQuery = z.object({
  query: z.string().max(200, 'must have at most 200 characters').optional().describe('part of the name, in any case'),
  group: z.string().max(100, 'must have at most 100 characters').optional().describe('members of this group only'),
  limit: wholeQuery(1, 10_000).default(1000),
  after: z
    .string()
    .max(4096, 'must have at most 4096 characters')
    .optional()
    .describe('the `next` of the answer before'),
});

export function subjectRoutes(
  app: ServerApp,
  { gallery, snapshots, audit }: Pick<ServerParts, 'gallery' | 'snapshots' | 'audit'>,
): void {
  app.route({
    method: 'GET',
    url: '/subjects',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      operationId: 'listSubjects',
      summary: 'Who is known, by name',
      querystring: listQuery,
      response: {
        200: z.object({
          subjects: z.array(subjectView),
          next: z.string().nullable().describe('pass it as `after` for those that follow; null at the end'),
        }),
        ...errorAnswers('GALLERY_UNAVAILABLE'),
      },
    },
    handler: async ({ query }, reply) => {
      const { subjects, next } = gallery.page(query);
      return reply
        .type('application/json; charset=utf-8')
        .send(listedInPieces('subjects', subjects, viewOfSubject, { next }) as never);
    },
  });

  app.route({
    method: 'POST',
    url: '/subjects',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      operationId: 'createSubject',
      summary: 'Creates a subject, without any face yet',
      body: newSubject,
      response: {
        201: subjectView,
        ...errorAnswers('SUBJECT_EXISTS', 'SUBJECT_LIMIT', 'DISK_LIMIT', 'GALLERY_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: async (request, reply) => {
      const { name, ...others } = request.body;
      const subject = gallery.createSubject({ name, ...drafted(others) });
      audit.record({ action: 'subject.created', by: callerName(request), subject: subject.id, details: {} });
      return reply.code(201).send(viewOfSubject(subject));
    },
  });

  app.route({
    method: 'GET',
    url: '/subjects/:id',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      operationId: 'getSubject',
      summary: 'One subject',
      params: idParams,
      response: {
        200: subjectView,
        ...errorAnswers('SUBJECT_NOT_FOUND', 'GALLERY_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const subject = gallery.subject(request.params.id);
      audit.record({ action: 'subject.viewed', by: callerName(request), subject: subject.id, details: {} });
      return viewOfSubject(subject);
    },
  });

  app.route({
    method: 'PATCH',
    url: '/subjects/:id',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      operationId: 'changeSubject',
      summary: 'Changes what is known of a subject',
      params: idParams,
      body: subjectPatch,
      response: {
        200: subjectView,
        ...errorAnswers('SUBJECT_NOT_FOUND', 'SUBJECT_EXISTS', 'GALLERY_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const { name, ...others } = request.body;
      const patch = { ...(name !== undefined && { name }), ...drafted(others) };
      const subject = gallery.changeSubject(request.params.id, patch);
      const details = { fields: Object.keys(request.body).join(' ') };
      audit.record({ action: 'subject.changed', by: callerName(request), subject: subject.id, details });
      return viewOfSubject(subject);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/subjects/:id',
    config: { access: 'enroll' },
    schema: {
      tags: ['subjects'],
      operationId: 'removeSubject',
      summary: 'Forgets a subject, its faces, and the pictures kept of events about it',
      params: idParams,
      response: {
        204: nothing,
        ...errorAnswers('SUBJECT_NOT_FOUND', 'GALLERY_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: async (request, reply) => {
      const { id, templates, notSearched } = gallery.subject(request.params.id);
      gallery.removeSubject(id);
      const details = { templates: templates + notSearched };
      const by = callerName(request);
      audit.record({ action: 'subject.deleted', by, subject: id, details });
      await snapshots.forget([id], by);
      return reply.code(204).send(null);
    },
  });
}

type Fields = Omit<z.output<typeof newSubject>, 'name'>;

/** In the gallery's words; what was left out stays left out. */
function drafted({ groups, notes, validFrom, validUntil, consent }: Fields): Omit<SubjectDraft, 'name'> {
  return {
    ...(groups !== undefined && { groups }),
    ...(notes !== undefined && { notes }),
    ...(validFrom !== undefined && { validFromMs: validFrom }),
    ...(validUntil !== undefined && { validUntilMs: validUntil }),
    ...(consent !== undefined && { consent: consent && { by: consent.by, atMs: consent.at, basis: consent.basis } }),
  };
}
