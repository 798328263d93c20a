import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { errorAnswers, eventsQuery, eventView } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { EventReader, ServerParts } from '../server-parts.ts';

export function eventRoutes(app: ServerApp, { events }: Pick<ServerParts, 'events'>): void {
  app.route({
    method: 'GET',
    url: '/events',
    config: { access: 'read' },
    schema: {
      tags: ['doors'],
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
      const { lastSequence: latest, oldestSequence: oldest } = events;
      const after = since ?? Math.max(0, latest - limit, oldest - 1);
      requireKept(after, events);
      return { events: events.read({ since: after, limit }).map(mutable), latest, oldest };
    },
  });
}

/** @throws {AppError} EVENT_CURSOR_GONE when events after that number were there and are no longer kept. */
function requireKept(since: number, { oldestSequence: oldest }: EventReader): void {
  if (since >= oldest - 1) return;
  throw new AppError(
    'EVENT_CURSOR_GONE',
    `the events after number ${since} are no longer kept; the oldest is ${oldest}`,
    {
      details: { oldest },
    },
  );
}

const mutable = (event: ReturnType<EventReader['read']>[number]) => ({
  ...event,
  subject: event.subject && { ...event.subject },
});
