import { z } from 'zod';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { errorAnswers, eventsQuery, eventView } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

export function eventRoutes(app: ServerApp, { events }: Pick<ServerParts, 'events'>): void {
  app.route({
    method: 'GET',
    url: '/events',
    config: { access: 'read' },
    schema: {
      tags: ['doors'],
      operationId: 'listEvents',
      summary: 'Events from the log, ascending',
      description: 'Events read back say `replay: true`; a replayed grant never opens a door.',
      querystring: eventsQuery,
      response: {
        200: z.object({ events: z.array(eventView), latest: z.int(), oldest: z.int() }),
        ...errorAnswers('EVENT_CURSOR_GONE', 'EVENT_LOG_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const { limit, since } = request.query;
      const found = events.read(since === undefined ? { limit } : { since, limit });
      return { events: found.map(mutable), latest: events.lastSequence, oldest: events.oldestSequence };
    },
  });
}

const mutable = (event: AccessEvent) => ({
  ...event,
  subject: event.subject && { ...event.subject },
});
