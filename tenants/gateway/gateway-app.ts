import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest, FastifyServerFactory } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Logger as PinoLogger } from 'pino';
import { AppError } from '../../config/app-error.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { answerError } from '../../server/answer-error.ts';
import { type Principal, presentedKey, requireAccess } from '../../server/callers/authenticate.ts';
import { callerOf, checkCaller } from '../../server/callers/check-caller.ts';
import { isLoopbackHost } from '../../server/callers/loopback.ts';
import { requestLimits } from '../../server/callers/request-limits.ts';
import { SECURITY_HEADERS } from '../../server/callers/security-headers.ts';
import { createApp } from '../../server/create-app.ts';
import type { ServerApp } from '../../server/server-app.ts';
import type { TenantDirectory } from '../tenant-contract.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { operatorKeys } from './operator-keys.ts';

export interface GatewayAppParts {
  readonly settings: Settings;
  readonly baseDir: string;
  readonly directory: TenantDirectory;
  readonly version: string;
  readonly log: PinoLogger;
  readonly metrics: GatewayMetrics;
  readonly serverFactory: FastifyServerFactory;
}

/**
 * The gateway's own routes. A key of the gateway opens them, one of a tenant does not. Without any key in its file they answer this
 * machine, as long as the gateway listens on loopback only; else they answer nobody but with how it stands (`/health`).
 *
 * @throws {AppError} CONFIG_INVALID when a TLS file cannot be read.
 */
export async function gatewayApp(parts: GatewayAppParts): Promise<ServerApp> {
  const { settings, directory, version, metrics } = parts;
  const app = createApp(parts);
  const authenticate = authenticator(settings);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const { access = 'admin' } = request.routeOptions.config;
    if (request.is404) return;
    if (access === 'anyone') {
      request.principal = unlessRefused(() => authenticate(request));
      return;
    }
    request.principal = authenticate(request);
    requireAccess(request.principal, access);
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (_request, reply) => {
    metrics.request({ tenant: '', status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
  });
  await app.register(rateLimit, requestLimits(settings.server));
  await gatewayRoutes(app, { directory, version, metrics });
  app.setNotFoundHandler(() => {
    throw nothingThere();
  });
  return app;
}

/** For every address that belongs to nobody: it says nothing of who else there is. */
export const nothingThere = (): AppError =>
  new AppError('NOT_FOUND', 'there is nothing at that address; what belongs to a tenant is below /<tenant>/');

function authenticator({ keys, server }: Settings): (request: FastifyRequest) => Principal | null {
  const find = operatorKeys(keys);
  const keyless = keys.length === 0;
  const { hosts, origins } = server;
  return (request) => {
    if (keyless && !isLoopbackHost(server.host)) {
      throw new AppError(
        'UNAUTHENTICATED',
        'the gateway has no key and listens on more than this machine: write one under keys: in its configuration file',
      );
    }
    checkCaller(callerOf(request), { keyless, tls: request.from.secure, hosts, origins });
    if (keyless) return { kind: 'local' };
    const presented = presentedKey(request.headers);
    const key = presented === null ? null : find(presented);
    return key && { kind: 'key', key };
  };
}

function unlessRefused(authenticate: () => Principal | null): Principal | null {
  try {
    const principal = authenticate();
    requireAccess(principal, 'read');
    return principal;
  } catch {
    return null;
  }
}
