import type { CameraState } from '../../pipeline/camera-status.ts';
import { errorAnswers, fileAnswer, healthAnswer, readyAnswer } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

type Parts = Pick<ServerParts, 'version' | 'roles' | 'chosen' | 'faults' | 'cameras' | 'gallery' | 'metrics'>;

export function healthRoutes(app: ServerApp, parts: Parts): void {
  app.route({
    method: 'GET',
    url: '/health',
    config: { access: 'anyone' },
    logLevel: 'warn',
    schema: {
      tags: ['operation'],
      operationId: 'getHealth',
      summary: 'The process lives and answers',
      response: { 200: healthAnswer },
    },
    handler: () => ({ status: 'ok' as const, version: parts.version }),
  });

  app.route({
    method: 'GET',
    url: '/ready',
    config: { access: 'read' },
    schema: {
      tags: ['operation'],
      operationId: 'getReadiness',
      summary: 'Whether the networks are warm and work can be done',
      description: 'A camera that is down does not make the server unready; it is counted in `cameras.byState`.',
      response: { 200: readyAnswer, ...errorAnswers(), 503: readyAnswer },
    },
    handler: async (_request, reply) => {
      const readiness = readinessOf(parts);
      return reply.code(readiness.ready ? 200 : 503).send(readiness);
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'read' },
    schema: {
      tags: ['operation'],
      operationId: 'getMetrics',
      summary: 'Prometheus metrics',
      response: { 200: fileAnswer('the text exposition format', 'text/plain'), ...errorAnswers() },
    },
    handler: async (_request, reply) => reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  });
}

function readinessOf({ version, roles, chosen, faults, cameras, gallery }: Parts) {
  const models = roles().map((role) => ({
    ...role,
    requested: role.requested === 'auto' ? ('auto' as const) : [...role.requested],
    passedOver: [...role.passedOver],
  }));
  const reasons = [...faults()];
  for (const needed of ['detector', 'embedder'] as const) {
    if (!models.some(({ role }) => role === needed)) reasons.push(`the ${needed} does not run`);
  }
  const views = cameras.list().filter(({ enabled }) => enabled);
  const byState: Partial<Record<CameraState, number>> = {};
  for (const { state } of views) byState[state] = (byState[state] ?? 0) + 1;
  const { subjects, templates } = gallery.size;
  return {
    ready: reasons.length === 0,
    version,
    reasons,
    models,
    chosen,
    cameras: { configured: views.length, running: byState.running ?? 0, byState: byState as Record<string, number> },
    gallery: { subjects, templates },
    degraded: models.some(({ degraded }) => degraded),
  };
}
