import type { RateLimitPluginOptions } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../config/app-error.ts';
import type { Settings } from '../../config/settings-schema.ts';

const MINUTE_MS = 60_000;

/**
 * How many requests a caller may make in a minute, of all kinds together: each key by its own limit or the server's, each
 * address while there is no key. What anyone may ask for (`/health`, the login, the console's files) does not count; the
 * login has a limit of its own.
 */
export function requestLimits({ requestsPerMinute }: Settings['server']): RateLimitPluginOptions {
  return {
    global: true,
    timeWindow: MINUTE_MS,
    max: ({ principal }) =>
      (principal?.kind === 'key' ? principal.key.rateLimit?.perMinute : null) ?? requestsPerMinute,
    keyGenerator: ({ principal, from }) =>
      principal?.kind === 'key' ? `key ${principal.key.id}` : `address ${from.address}`,
    allowList: (request) => isForAnyone(request) && !request.routeOptions.config.rateLimit,
    // `ratelimit-limit`, `-remaining`, `-reset`: the names of the IETF's draft.
    enableDraftSpec: true,
    errorResponseBuilder: (_request, { after }) =>
      new AppError('RATE_LIMITED', `too many requests; try again in ${after}`),
  };
}

function isForAnyone({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config.access ?? 'admin') === 'anyone';
}
