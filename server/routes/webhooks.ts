import { z } from 'zod';
import type { DeadLetter } from '../../sinks/webhook/outbox.ts';
import { errorAnswers, eventView, idParams, moment, wholeQuery } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import { isoTime } from '../iso-time.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const deadLetter = z
  .object({
    event: eventView,
    attempts: z.int(),
    deadAt: moment,
    error: z.string().describe('what the last attempt met'),
  })
  .meta({ id: 'DeadLetter' });

const resendBody = z
  .strictObject({
    ids: z
      .union([z.array(z.string().max(64)).min(1).max(1000), z.literal('all')], {
        error: 'must be "all" or a list of 1 to 1000 event ids',
      })
      .describe('Ids of events, or `all`.'),
  })
  .meta({ id: 'Resend' });

const testResult = z
  .object({
    delivered: z.boolean().describe('the receiver answered with 2xx'),
    status: z.int().nullable().describe('null: no answer came'),
    message: z.string(),
    ms: z.int(),
  })
  .meta({ id: 'WebhookTest' });

const ERRORS = ['SINK_NOT_FOUND', 'SINK_STORE_UNAVAILABLE'] as const;

/** What may be done with webhooks besides looking at them (`GET /sinks`). */
export function webhookRoutes(app: ServerApp, { sinks, audit }: Pick<ServerParts, 'sinks' | 'audit'>): void {
  const { webhooks } = sinks;

  app.route({
    method: 'GET',
    url: '/sinks/:id/dead',
    config: { access: 'admin' },
    schema: {
      tags: ['events'],
      operationId: 'listDeadLetters',
      summary: 'Events that a webhook gave up, the newest first',
      params: idParams,
      querystring: z.object({ limit: wholeQuery(1, 1000).default(100) }),
      response: { 200: z.object({ dead: z.array(deadLetter) }), ...errorAnswers(...ERRORS) },
    },
    handler: ({ params, query }) => ({ dead: webhooks.dead(params.id, query).map(view) }),
  });

  app.route({
    method: 'POST',
    url: '/sinks/:id/resend',
    config: { access: 'admin' },
    schema: {
      tags: ['events'],
      operationId: 'resendDeadLetters',
      summary: 'Tries dead letters of a webhook again, with the whole schedule',
      params: idParams,
      body: resendBody,
      response: {
        200: z.object({ resent: z.int().describe('how many') }),
        ...errorAnswers(...ERRORS, 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const { id } = request.params;
      const resent = webhooks.resend(id, request.body.ids);
      audit.record({ action: 'sink.resent', by: callerName(request), subject: null, details: { sink: id, resent } });
      return { resent };
    },
  });

  app.route({
    method: 'POST',
    url: '/sinks/:id/enable',
    config: { access: 'admin' },
    schema: {
      tags: ['events'],
      operationId: 'enableSink',
      summary: 'Sends to a webhook again that answered 410',
      params: idParams,
      response: {
        200: z.object({ wasDisabled: z.boolean() }),
        ...errorAnswers(...ERRORS, 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const { id } = request.params;
      const wasDisabled = webhooks.enable(id);
      if (wasDisabled) {
        audit.record({ action: 'sink.enabled', by: callerName(request), subject: null, details: { sink: id } });
      }
      return { wasDisabled };
    },
  });

  app.route({
    method: 'POST',
    url: '/sinks/:id/test',
    config: { access: 'admin' },
    schema: {
      tags: ['events'],
      operationId: 'testSink',
      summary: 'Posts a test event to a webhook, once, and says what came back',
      description: 'The event is of the type `test` and says `replay: true`. A disabled endpoint stays disabled.',
      params: idParams,
      response: { 200: testResult, ...errorAnswers('SINK_NOT_FOUND', 'AUDIT_UNAVAILABLE') },
    },
    handler: async (request) => {
      const { id } = request.params;
      const result = await webhooks.test(id);
      const details = { sink: id, delivered: result.delivered, status: result.status };
      audit.record({ action: 'sink.tested', by: callerName(request), subject: null, details });
      return result;
    },
  });
}

const view = ({ event, attempts, deadAtMs, error }: DeadLetter) => ({
  event: { ...event, subject: event.subject && { ...event.subject } },
  attempts,
  deadAt: isoTime(deadAtMs) ?? '',
  error,
});
