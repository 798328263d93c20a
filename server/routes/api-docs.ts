import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Access } from '../callers/authenticate.ts';
import type { ServerApp } from '../server-app.ts';

/** Swagger UI styles its elements in place and draws with data: pictures; its scripts are files of ours. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Collects the description of every route that is registered after it. */
export async function describeApi(app: ServerApp, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'facegate',
        version,
        description: 'Face recognition on camera streams: REST. The WebSockets are described in docs/protocol.md.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          session: { type: 'apiKey', in: 'cookie', name: 'facegate_session' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  app.addHook('onRoute', (route) => {
    if (!route.schema || route.schema.hide) return;
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
      summary: 'This description, OpenAPI 3.1',
      response: { 200: z.any().describe('an OpenAPI document') },
    },
    handler: (_request, reply) => reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  });
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'anyone' };
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: DOCS_CSP,
      uiConfig: { url: '/openapi.json', deepLinking: true },
    });
  });
}
