import { z } from 'zod';
import { errorAnswers, moment } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const sinkView = z
  .looseObject({
    id: z.string(),
    type: z.string(),
    state: z
      .enum(['delivering', 'waiting', 'disabled', 'closed'])
      .describe('`waiting`: the last attempt failed, and it is tried again; `delivering`: nothing is wrong'),
    cursor: z.int().describe('number of the last event that it needs no more'),
    behind: z.int().describe('numbers between that one and the newest event'),
    lastError: z.object({ code: z.string(), message: z.string(), at: moment }).nullable(),
    retryAt: moment.nullable(),
  })
  .meta({ id: 'Sink' });

export function sinkRoutes(app: ServerApp, { sinks }: Pick<ServerParts, 'sinks'>): void {
  app.route({
    method: 'GET',
    url: '/sinks',
    config: { access: 'admin' },
    schema: {
      tags: ['events'],
      operationId: 'listSinks',
      summary: 'Where events go besides, and how far each has got',
      description: 'Each kind of sink adds what it knows of itself.',
      response: { 200: z.object({ sinks: z.array(sinkView) }), ...errorAnswers('EVENT_LOG_UNAVAILABLE') },
    },
    handler: () => ({
      sinks: sinks.views().map((view) => ({ ...view, lastError: view.lastError && { ...view.lastError } })),
    }),
  });
}
