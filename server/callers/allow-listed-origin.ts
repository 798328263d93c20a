import type { FastifyReply, FastifyRequest } from 'fastify';
import { isListedOrigin } from './check-caller.ts';

/** What a page may read of an answer beside its body. */
const EXPOSED = [
  'retry-after',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'x-facegate-faces',
  'x-facegate-sequence',
].join(', ');

/**
 * Lets pages of the origins in the settings read our answers. They need a key in a header; the cookie stays ours.
 * True when the request was a browser's question about that (preflight), which is answered here.
 */
export function allowListedOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !isListedOrigin(origin, origins)) return false;
  reply.headers({
    'access-control-allow-origin': origin,
    vary: 'origin',
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-expose-headers': EXPOSED,
  });
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  reply
    .headers({
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, x-api-key, content-type',
      'access-control-max-age': '600',
    })
    .code(204)
    .send();
  return true;
}
