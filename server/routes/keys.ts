import { z } from 'zod';
import { KEY_SCOPES, scopeExpectation } from '../../config/key-scopes.ts';
import { errorAnswers, idParams, moment, nothing } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import type { KeyRecord } from '../callers/key-store.ts';
import { isoTime } from '../iso-time.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const scopes = z.array(z.enum(KEY_SCOPES, { error: ({ input }) => scopeExpectation(input) }), {
  error: 'must be a list of scopes',
});

const perMinute = z
  .int({ error: 'must be a whole number, 1 to 1000000' })
  .min(1, 'must be between 1 and 1000000')
  .max(1_000_000, 'must be between 1 and 1000000');
const rateLimit = z.strictObject({ perMinute }, { error: 'must be a limit like {"perMinute":600}' });

const newKey = z
  .strictObject({
    name: z
      .string({ error: 'must be a text' })
      .describe('1 to 100 characters, unique; the audit log calls the caller by it'),
    scopes: scopes.min(1, 'must name at least one scope').transform((list) => [...new Set(list)]),
    rateLimit: rateLimit.nullish().describe("Default: the server's, `server.requestsPerMinute`."),
  })
  .meta({ id: 'NewKey' });

const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(KEY_SCOPES)),
    origin: z.enum(['config', 'stored']).describe('`config`: stands in the settings, and is taken out there'),
    createdAt: moment.nullable().describe('null for a key of the settings'),
    lastUsedAt: moment.nullable().describe('to the minute; of a key of the settings since the start of the server'),
    rateLimit: z.object({ perMinute: z.int() }).nullable().describe("null: the server's"),
  })
  .meta({ id: 'Key' });

const madeKey = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(KEY_SCOPES)),
    key: z.string().describe('shown this once: it is stored hashed'),
  })
  .meta({ id: 'MadeKey' });

export function keyRoutes(app: ServerApp, { keys, audit }: Pick<ServerParts, 'keys' | 'audit'>): void {
  app.route({
    method: 'GET',
    url: '/keys',
    config: { access: 'admin' },
    schema: {
      tags: ['keys'],
      operationId: 'listKeys',
      summary: 'Every key, without the key itself',
      response: { 200: z.object({ keys: z.array(keyView) }), ...errorAnswers() },
    },
    handler: () => ({ keys: keys.list().map(view) }),
  });

  app.route({
    method: 'POST',
    url: '/keys',
    config: { access: 'admin' },
    schema: {
      tags: ['keys'],
      operationId: 'createKey',
      summary: 'Makes a key',
      description: 'The first key ends the time in which this machine may do everything without one.',
      body: newKey,
      response: { 201: madeKey, ...errorAnswers('KEY_EXISTS', 'AUDIT_UNAVAILABLE') },
    },
    handler: async (request, reply) => {
      const made = keys.create(request.body);
      const { name, scopes, rateLimit } = keys.get(made.id) ?? request.body;
      try {
        audit.record({
          action: 'key.created',
          by: callerName(request),
          subject: null,
          details: { id: made.id, name, scopes: scopes.join(' '), perMinute: rateLimit?.perMinute ?? null },
        });
      } catch (error) {
        // Nobody was shown it: nobody shall have it.
        keys.revoke(made.id, { evenLast: true });
        throw error;
      }
      return reply.code(201).send({ id: made.id, name, scopes: [...scopes], key: made.key });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/keys/:id',
    config: { access: 'admin' },
    schema: {
      tags: ['keys'],
      operationId: 'revokeKey',
      summary: 'Ends a key, its sessions and its sockets at once',
      description: 'The last key with the scope `admin` stays.',
      params: idParams,
      response: {
        204: nothing,
        ...errorAnswers('KEY_NOT_FOUND', 'KEY_CONFIGURED', 'KEY_LAST_ADMIN', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: async (request, reply) => {
      const { id, name } = keys.revoke(request.params.id);
      audit.record({ action: 'key.revoked', by: callerName(request), subject: null, details: { id, name } });
      return reply.code(204).send(null);
    },
  });
}

const view = ({ createdAtMs, lastUsedAtMs, scopes, ...key }: KeyRecord) => ({
  ...key,
  scopes: [...scopes],
  createdAt: isoTime(createdAtMs),
  lastUsedAt: isoTime(lastUsedAtMs),
});
