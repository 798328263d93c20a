import { AppError } from '../../config/app-error.ts';
import type { Subject } from '../../gallery/subject.ts';
import { callerName } from '../callers/caller-name.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import {
  deletedAnswer,
  nameBody,
  refusals,
  subjectAnswer,
  subjectParams,
  subjectsAnswer,
  updatedAnswer,
} from './compreface-schemas.ts';
import { oneByOne } from './one-by-one.ts';

/** Subjects by their names: CompreFace knows no other id of them. */
export function subjectCalls(
  app: ServerApp,
  { gallery, snapshots, audit }: Pick<ServerParts, 'gallery' | 'snapshots' | 'audit'>,
): void {
  const remove = ({ id, templates, notSearched }: Subject, by: string): string => {
    gallery.removeSubject(id);
    audit.record({ action: 'subject.deleted', by, subject: id, details: { templates: templates + notSearched } });
    return id;
  };

  app.route({
    method: 'GET',
    url: '/recognition/subjects',
    config: { access: 'read' },
    schema: {
      tags: ['compreface'],
      summary: "Everybody's names",
      response: { 200: subjectsAnswer, ...refusals },
    },
    handler: () => ({ subjects: gallery.subjects().map(({ name }) => name) }),
  });

  app.route({
    method: 'POST',
    url: '/recognition/subjects',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Creates a subject, without any face yet',
      body: nameBody,
      response: { 201: subjectAnswer, ...refusals },
    },
    handler: async (request, reply) => {
      const { id, name } = gallery.createSubject({ name: request.body.subject });
      audit.record({ action: 'subject.created', by: callerName(request), subject: id, details: {} });
      return reply.code(201).send({ subject: name });
    },
  });

  app.route({
    method: 'PUT',
    url: '/recognition/subjects/:subject',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Renames a subject',
      description: 'CompreFace merges two subjects when the new name is taken; facegate refuses (43).',
      params: subjectParams,
      body: nameBody,
      response: { 200: updatedAnswer, ...refusals },
    },
    handler: (request) => {
      const { id, name } = subjectCalled(gallery, request.params.subject);
      const renamed = gallery.changeSubject(id, { name: request.body.subject });
      if (renamed.name === name) return { updated: false };
      audit.record({ action: 'subject.changed', by: callerName(request), subject: id, details: { fields: 'name' } });
      return { updated: true };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/recognition/subjects/:subject',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Forgets a subject and its faces',
      params: subjectParams,
      response: { 200: subjectAnswer, ...refusals },
    },
    handler: async (request) => {
      const subject = subjectCalled(gallery, request.params.subject);
      remove(subject, callerName(request));
      await snapshots.forget([subject.id], callerName(request));
      return { subject: subject.name };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/recognition/subjects',
    // One slip in a client, an empty variable in an address, is enough to end up here.
    config: { access: 'admin' },
    schema: {
      tags: ['compreface'],
      summary: 'Forgets everybody',
      response: { 200: deletedAnswer, ...refusals },
    },
    handler: async (request) => {
      const removed = await oneByOne(gallery.subjects(), (subject) => remove(subject, callerName(request)));
      await snapshots.forget(removed, callerName(request));
      return { deleted: removed.length };
    },
  });
}

/** @throws {AppError} SUBJECT_NOT_FOUND, in CompreFace's words. */
export function subjectCalled(gallery: Pick<ServerParts['gallery'], 'subjectNamed'>, name: string): Subject {
  const found = gallery.subjectNamed(name);
  if (found) return found;
  throw new AppError('SUBJECT_NOT_FOUND', `Subject ${name.slice(0, 200)} not found`);
}
