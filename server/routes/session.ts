import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { KEY_SCOPES } from '../../config/key-scopes.ts';
import { errorAnswers, nothing } from '../api-schemas.ts';
import { scopesOf } from '../callers/authenticate.ts';
import { sessionCookieName } from '../callers/behind-gateway.ts';
import type { OpenSockets } from '../callers/open-sockets.ts';
import type { SessionStore } from '../callers/session-store.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

/** By address: whoever tries keys has none. */
const LOGINS = { max: 10, timeWindow: 60_000, keyGenerator: ({ from }: FastifyRequest) => from.address };

const login = z.strictObject({ key: z.string({ error: 'must be a text' }).min(1, 'must not be empty').max(512) });
const sessionAnswer = z.object({
  tenant: z
    .object({ id: z.string(), name: z.string() })
    .nullable()
    .describe('who answers, where several tenants share one gateway; null otherwise'),
  required: z.boolean().describe('false while there is no key: this machine may do everything'),
  authenticated: z.boolean(),
  name: z.string().nullable().describe("the key's name"),
  scopes: z.array(z.enum(KEY_SCOPES)),
});

export function sessionRoutes(
  app: ServerApp,
  { keys, tenant, behind }: Pick<ServerParts, 'keys' | 'tenant' | 'behind'>,
  sessions: SessionStore,
  sockets: OpenSockets,
): void {
  const name = sessionCookieName(tenant.id, behind);
  // Its path keeps it from the other tenants of the gateway.
  const cookieFor = ({ prefix, from }: FastifyRequest) =>
    ({
      path: `${prefix}/`,
      httpOnly: true,
      sameSite: 'strict',
      secure: from.secure,
    }) as const;
  const endSession = (id: string) => {
    sessions.end(id);
    sockets.check();
  };

  app.route({
    method: 'GET',
    url: '/session',
    config: { access: 'anyone' },
    schema: {
      tags: ['session'],
      operationId: 'getSession',
      summary: 'Who the server takes the caller for',
      response: { 200: sessionAnswer, ...errorAnswers() },
    },
    handler: ({ principal }) => ({
      tenant: behind ? tenant : null,
      required: !keys.isEmpty,
      authenticated: principal !== null,
      name: principal?.kind === 'key' ? principal.key.name : null,
      scopes: principal ? [...scopesOf(principal)] : [],
    }),
  });

  app.route({
    method: 'POST',
    url: '/session',
    config: { access: 'anyone', rateLimit: LOGINS },
    schema: {
      tags: ['session'],
      operationId: 'logIn',
      summary: 'Exchanges a key for a session cookie',
      description: 'HttpOnly, SameSite=Strict, Secure under TLS. At most 10 attempts a minute from one address.',
      body: login,
      response: { 204: nothing, ...errorAnswers() },
    },
    handler: async (request, reply) => {
      const key = keys.find(request.body.key);
      if (!key) throw new AppError('UNAUTHENTICATED', 'nobody has that key');
      const old = request.cookies[name];
      if (old) endSession(old);
      return reply
        .setCookie(name, sessions.open(key.id), {
          ...cookieFor(request),
          maxAge: Math.floor(sessions.lifetimeMs / 1000),
        })
        .code(204)
        .send(null);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/session',
    config: { access: 'anyone' },
    schema: {
      tags: ['session'],
      operationId: 'logOut',
      summary: 'Ends the session and its sockets',
      response: { 204: nothing, ...errorAnswers() },
    },
    handler: async (request, reply) => {
      const id = request.cookies[name];
      if (id) endSession(id);
      return reply.clearCookie(name, cookieFor(request)).code(204).send(null);
    },
  });
}
