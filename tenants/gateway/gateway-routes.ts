import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { errorAnswers, fileAnswer, healthAnswer } from '../../server/api-schemas.ts';
import type { Access } from '../../server/callers/authenticate.ts';
import type { ServerApp } from '../../server/server-app.ts';
import { type SupervisedTenant, TENANT_STATES, type TenantDirectory } from '../tenant-contract.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { GATEWAY_CSS, gatewayPage } from './gateway-page.ts';

const state = z.enum(TENANT_STATES);
const time = z.string().describe('ISO 8601, UTC');
const limit = z.number().nullable();
const tenantAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    state,
    pid: z.number().int().nullable(),
    startedAt: time.nullable().describe('of the process that runs now'),
    readyAt: time.nullable(),
    restarts: z.number().int().describe('since the gateway started; first starts do not count'),
    lastEnd: z
      .object({
        how: z.enum(['closed', 'died', 'gone']).describe('asked to; by itself; it never came to run'),
        exitCode: z.number().int().nullable(),
        signal: z.string().nullable(),
        at: time,
        code: z.string().nullable(),
      })
      .nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable().describe('why it is not ready'),
    device: z.string(),
    visibleGpus: z.number().int().nullable().describe('GPUs that its process sees'),
    limits: z
      .object({
        cpus: z.string().nullable(),
        cpuShare: limit,
        memoryBytes: limit,
        requestsPerSecond: limit,
        concurrentRequests: limit,
        cameras: limit,
        subjects: limit,
        diskBytes: limit,
      })
      .describe('null: as much as there is'),
    measures: z
      .array(
        z.object({
          limit: z.enum(['cpus', 'cpuShare', 'memory']),
          by: z.enum(['cgroup', 'affinity', 'niceness', 'watch', 'nothing']),
          note: z.string(),
        }),
      )
      .describe('how limits are held on this machine'),
    memoryBytes: z.number().nullable().describe('of all its processes together'),
    eventLoopDelayMs: z.number().nullable(),
    retryAfterSeconds: z.number().nullable(),
  })
  .meta({ id: 'Tenant' });
const readyAnswer = z.object({
  ready: z.boolean(),
  tenants: z.array(z.object({ id: z.string(), state })).describe('those that are not ready, less the stopped ones'),
});
const params = z.object({ id: z.string() });

interface Parts {
  readonly directory: TenantDirectory;
  readonly version: string;
  readonly metrics: GatewayMetrics;
}

/** What the gateway answers itself. Who may is decided before (gateway-app.ts). */
export async function gatewayRoutes(app: ServerApp, { directory, version, metrics }: Parts): Promise<void> {
  await describeGateway(app, version);
  const viewOf = (tenant: SupervisedTenant): z.output<typeof tenantAnswer> => {
    const { measures, ...view } = tenant.view();
    return { ...view, measures: [...measures] };
  };

  app.route({
    method: 'GET',
    url: '/',
    config: { access: 'anyone' },
    schema: { hide: true },
    handler: (request, reply) => {
      const tenants = request.principal ? directory.list().map((tenant) => tenant.view()) : null;
      return reply.type('text/html; charset=utf-8').send(gatewayPage(tenants));
    },
  });
  app.route({
    method: 'GET',
    url: '/assets/gateway.css',
    config: { access: 'anyone' },
    schema: { hide: true },
    handler: (_request, reply) => reply.type('text/css; charset=utf-8').send(GATEWAY_CSS),
  });
  app.route({
    method: 'GET',
    url: '/health',
    config: { access: 'anyone' },
    logLevel: 'warn',
    schema: { operationId: 'getHealth', summary: 'The gateway lives and answers', response: { 200: healthAnswer } },
    handler: () => ({ status: 'ok' as const, version }),
  });
  app.route({
    method: 'GET',
    url: '/ready',
    config: { access: 'read' },
    schema: {
      operationId: 'getReadiness',
      summary: 'Whether all tenants that are not stopped are ready',
      response: { 200: readyAnswer, ...errorAnswers(), 503: readyAnswer },
    },
    handler: async (_request, reply) => {
      const views = directory.list().map((tenant) => tenant.view());
      const tenants = views
        .filter((view) => view.state !== 'ready' && view.state !== 'stopped')
        .map(({ id, state: now }) => ({ id, state: now }));
      const ready = tenants.length === 0;
      if (!ready) reply.header('retry-after', '1');
      return reply.code(ready ? 200 : 503).send({ ready, tenants });
    },
  });
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'read' },
    schema: {
      operationId: 'getMetrics',
      summary: 'Prometheus metrics of the gateway and of every tenant, each with the label `tenant`',
      response: { 200: fileAnswer('the text exposition format', 'text/plain'), ...errorAnswers() },
    },
    handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  });
  app.route({
    method: 'GET',
    url: '/tenants',
    config: { access: 'read' },
    schema: {
      operationId: 'getTenants',
      summary: 'How each tenant is doing, in the order of the settings',
      response: { 200: z.object({ tenants: z.array(tenantAnswer) }), ...errorAnswers() },
    },
    handler: () => ({ tenants: directory.list().map(viewOf) }),
  });
  app.route({
    method: 'GET',
    url: '/tenants/:id',
    config: { access: 'read' },
    schema: {
      operationId: 'getTenant',
      summary: 'How one tenant is doing',
      params,
      response: { 200: tenantAnswer, ...errorAnswers('TENANT_NOT_FOUND') },
    },
    handler: ({ params: { id } }) => viewOf(found(directory, id)),
  });
  app.route({
    method: 'POST',
    url: '/tenants/:id/restart',
    config: { access: 'admin' },
    schema: {
      operationId: 'restartTenant',
      summary: 'Ends its process in order and starts another',
      params,
      response: { 202: tenantAnswer, ...errorAnswers('TENANT_NOT_FOUND') },
    },
    handler: async (request, reply) => {
      const tenant = found(directory, request.params.id);
      await directory.restart(tenant.id);
      request.log.info({ tenant: tenant.id }, 'a tenant is started again, as somebody asked for');
      return reply.code(202).send(viewOf(tenant));
    },
  });
  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: 'anyone' },
    schema: { hide: true },
    handler: () => app.swagger(),
  });
}

function found(directory: TenantDirectory, id: string): SupervisedTenant {
  const tenant = directory.get(id);
  if (tenant) return tenant;
  const ids = directory.list().map((each) => each.id);
  throw new AppError('TENANT_NOT_FOUND', `there is no tenant "${id}"; there are ${ids.join(', ') || 'none'}`);
}

async function describeGateway(app: ServerApp, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'facegate gateway',
        version,
        description: 'The tenants of one machine. Each of them describes itself at `/<tenant>/openapi.json`.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  app.addHook('onRoute', (route) => {
    if (!route.schema || route.schema.hide) return;
    const access: Access = route.config?.access ?? 'admin';
    const security: Record<string, string[]>[] = access === 'anyone' ? [] : [{ bearer: [] }, { apiKey: [] }];
    const description = access === 'anyone' ? undefined : `Needs a key of the gateway with the scope \`${access}\`.`;
    route.schema = { ...route.schema, ...(description && { description }), security };
  });
}
