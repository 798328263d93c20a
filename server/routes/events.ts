import { setImmediate as breathe } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { asServerSentEvent, EventStreamSocket } from '../../sinks/event-stream-socket.ts';
import { errorAnswers, eventView } from '../api-schemas.ts';
import { type Authenticator, requireAccess } from '../callers/authenticate.ts';
import type { OpenSockets } from '../callers/open-sockets.ts';
import { eventsQuery, feedQuery } from '../event-queries.ts';
import { eventSchema } from '../event-schema.ts';
import type { ServerApp } from '../server-app.ts';
import type { EventReader, ServerParts } from '../server-parts.ts';

const eventsAnswer = z.object({
  events: z.array(eventView).describe('ascending'),
  latest: z.int().describe('number of the newest event in the log'),
  oldest: z.int().describe('number of the oldest event that is kept'),
  next: z.int().describe('what to give as `since` for what comes after these; it is past what the filters left out'),
  previous: z
    .int()
    .nullable()
    .describe('what to give as `before` for what came before these; null where nothing older is kept'),
});

export function eventRoutes(
  app: ServerApp,
  { events, feed }: Pick<ServerParts, 'events' | 'feed'>,
  authenticate: Authenticator,
  sockets: OpenSockets,
): void {
  app.route({
    method: 'GET',
    url: '/events',
    config: { access: 'read' },
    schema: {
      tags: ['events'],
      operationId: 'listEvents',
      summary: 'Events from the log, ascending',
      description: 'Events read back say `replay: true`; a replayed grant never opens a door.',
      querystring: eventsQuery,
      response: { 200: eventsAnswer, ...errorAnswers('EVENT_CURSOR_GONE', 'EVENT_LOG_UNAVAILABLE') },
    },
    handler: (request) => readEvents(events, request.query),
  });

  app.route({
    method: 'GET',
    url: '/events/stream',
    exposeHeadRoute: false,
    config: { access: 'read' },
    schema: {
      tags: ['events'],
      operationId: 'streamEvents',
      summary: 'Server-Sent Events: every event, from a number on',
      description: 'The id of each is its number; `Last-Event-ID` comes before `since`.',
      querystring: feedQuery,
      response: {
        200: { description: 'events', content: { 'text/event-stream': { schema: z.string() } } },
        ...errorAnswers('EVENT_CURSOR_GONE', 'EVENT_LOG_UNAVAILABLE'),
      },
    },
    // Nothing is answered as JSON once the stream has begun.
    handler: (request, reply) => {
      const { since, types, doors } = request.query;
      const from = lastEventId(request) ?? since;
      // A number that is not in the log is a plain 410, before the stream begins.
      if (from !== undefined) events.page({ since: from, limit: 1 });
      const socket = openStream(reply);
      const { headers, cookies } = request;
      sockets.add(socket, () => isStillAllowed(authenticate, { headers, cookies }));
      feed.add(socket, { since: from, types, doors, encode: asServerSentEvent });
    },
  });

  app.route({
    method: 'GET',
    url: '/schemas/event.json',
    config: { access: 'anyone' },
    schema: {
      tags: ['events'],
      operationId: 'getEventSchema',
      summary: 'JSON Schema of the event envelope',
      response: { 200: z.any().describe('a JSON Schema, draft 2020-12') },
    },
    handler: (_request, reply) =>
      reply.type('application/schema+json; charset=utf-8').send(JSON.stringify(eventSchema)),
  });
}

/** Looks on where the log looks through a part of it at a time; others get their turn between. */
async function readEvents(log: EventReader, { since, before, limit, ...filter }: z.output<typeof eventsQuery>) {
  const upwards = since !== undefined;
  const found: AccessEvent[] = [];
  // As the first page sees it: what is appended while others are read comes after these.
  const latest = log.lastSequence;
  let at = since ?? before;
  let more = true;
  while (more && found.length < limit) {
    const where = upwards ? { since: at } : { before: at };
    const page = log.page({ ...where, ...filter, cameras: cameras(filter.camera), limit: limit - found.length });
    if (upwards) found.push(...page.events);
    else found.unshift(...page.events);
    at = page.next;
    more = page.more;
    if (more) await breathe();
  }
  const oldest = log.oldestSequence;
  const first = upwards ? since + 1 : (at ?? 1);
  return {
    events: found.map((event) => ({ ...event, subject: event.subject && { ...event.subject } })),
    latest,
    oldest,
    next: upwards ? (at as number) : before === undefined ? latest : Math.min(before - 1, latest),
    previous: first > oldest ? first : null,
  };
}

const cameras = (camera: string | undefined) => (camera === undefined ? undefined : [camera]);

/** @throws {AppError} REQUEST_INVALID when it is no number of ours. */
function lastEventId({ headers }: FastifyRequest): number | undefined {
  const given = headers['last-event-id'];
  if (given === undefined || given === '') return undefined;
  const number = /^\d{1,16}$/.test(String(given)) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new AppError('REQUEST_INVALID', 'header "Last-Event-ID" must be the number of an event');
}

function openStream(reply: FastifyReply): EventStreamSocket {
  reply.hijack();
  return new EventStreamSocket(reply.raw, reply.getHeaders());
}

function isStillAllowed(authenticate: Authenticator, caller: Parameters<Authenticator>[0]): boolean {
  try {
    requireAccess(authenticate(caller), 'read');
    return true;
  } catch {
    return false;
  }
}
