import { errorAnswers, fileAnswer, idParams } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

export function snapshotRoutes(app: ServerApp, { snapshots, audit }: Pick<ServerParts, 'snapshots' | 'audit'>): void {
  app.route({
    method: 'GET',
    url: '/events/:id/snapshot',
    exposeHeadRoute: false,
    config: { access: 'pictures' },
    schema: {
      tags: ['events'],
      operationId: 'eventSnapshot',
      summary: 'The picture of the moment that an event is about',
      description:
        'Where `events.snapshots` keeps one; the event has `snapshotUrl` then. Each look is in the audit log.',
      params: idParams,
      response: {
        200: fileAnswer('the picture', 'image/jpeg'),
        ...errorAnswers(
          'SNAPSHOT_NOT_FOUND',
          'IMAGE_CORRUPT',
          'EVENT_LOG_UNAVAILABLE',
          'GALLERY_UNAVAILABLE',
          'AUDIT_UNAVAILABLE',
        ),
      },
    },
    handler: async (request, reply) => {
      const { event, jpeg } = await snapshots.picture(request.params.id);
      const details = { event: event.id };
      audit.record({ action: 'snapshot.viewed', by: callerName(request), subject: event.subject?.id ?? null, details });
      return reply.type('image/jpeg').header('cache-control', 'private, no-store').send(jpeg);
    },
  });
}
