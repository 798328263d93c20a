import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyRequest } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Access } from '../callers/authenticate.ts';
import type { ServerApp } from '../server-app.ts';

/** Swagger UI styles its elements in place and draws with data: pictures; its scripts are files of ours. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TAGS = [
  { name: 'recognition', description: 'Who somebody is: in a picture, or by an embedding.' },
  { name: 'subjects', description: 'Who is known, and their enrolled faces.' },
  { name: 'unknowns', description: 'Those whom the cameras saw and nobody knew.' },
  { name: 'pictures', description: 'What is in a picture, whoever it is.' },
  { name: 'cameras' },
  { name: 'doors' },
  { name: 'events' },
  { name: 'sockets', description: 'WebSockets; docs/protocol.md describes them.' },
  { name: 'keys', description: 'Who may call.' },
  { name: 'session', description: 'How a browser logs in.' },
  { name: 'audit', description: 'Who did what to people, keys and rules.' },
  { name: 'operation', description: 'Health, readiness, metrics, this description.' },
  { name: 'compreface', description: 'The REST API of CompreFace, for the clients that people have already.' },
];

/** Collects the description of every route that is registered after it. `cookie`: the name of a session's cookie. */
export async function describeApi(
  app: ServerApp,
  { version, cookie }: Record<'version' | 'cookie', string>,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'facegate',
        version,
        description: 'Face recognition on camera streams: REST. The WebSockets are described in docs/protocol.md.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          session: { type: 'apiKey', in: 'cookie', name: cookie },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  app.addHook('onRoute', (route) => {
    if (!route.schema || route.schema.hide) return;
    // Generated clients call their functions by it.
    route.schema = { operationId: operationIdOf(String(route.method), route.url), ...route.schema };
    const access: Access = route.config?.access ?? 'admin';
    if (access === 'anyone') {
      route.schema = { ...route.schema, security: [] };
      return;
    }
    const text = [route.schema.description, `Needs the scope \`${access}\`.`].filter(Boolean).join(' ');
    route.schema = { ...route.schema, description: text, security: [{ bearer: [] }, { apiKey: [] }, { session: [] }] };
  });
}

/** `/openapi.json` and `/docs`. Open to everybody: what they say is in the source as well. */
export async function apiDocsRoutes(app: ServerApp): Promise<void> {
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'anyone' },
    schema: {
      tags: ['operation'],
      operationId: 'getDescription',
      summary: 'This description, OpenAPI 3.1',
      response: { 200: z.any().describe('an OpenAPI document') },
    },
    handler: (request, reply) =>
      reply
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(withoutUnused(seenFrom(request, app.swagger())))),
  });
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'anyone' };
    });
    // Without the slash the page would look for its files beside the prefix.
    scope.addHook('onRequest', async ({ prefix, url }, reply) => {
      if (prefix !== '' && /^\/docs(\?|$)/.test(url)) return reply.redirect('/docs/');
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      transformSpecification: (document, request) => seenFrom(request, document),
      staticCSP: DOCS_CSP,
      uiConfig: { url: '/openapi.json', deepLinking: true },
    });
  });
}

/** The description with the address that the caller reaches the server under. */
function seenFrom<T extends object>({ prefix }: Pick<FastifyRequest, 'prefix'>, document: T): T {
  return prefix === '' ? document : { ...document, servers: [{ url: prefix }] };
}

/** `POST /a/b_c/:id` is `postABCId`, for routes that have no better name of their own. */
function operationIdOf(method: string, url: string): string {
  const words = url.split(/[^a-z0-9]+/i).filter(Boolean);
  return method.toLowerCase() + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}

/** The schemas that nothing refers to (each is described as it is sent and as it is taken) would only confuse. */
function withoutUnused(document: object): object {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      follow(schemas[name] ?? null);
    }
  };
  follow({ ...document, components: { ...components, schemas: {} } });
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...components, schemas: kept } };
}
