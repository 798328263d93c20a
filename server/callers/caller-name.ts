import type { FastifyRequest } from 'fastify';

/** Who called, as the audit log calls them: `key NAME`, or `this machine` while there is no key. */
export function callerName({ principal }: Pick<FastifyRequest, 'principal'>): string {
  if (principal === null) return 'nobody';
  return principal.kind === 'local' ? 'this machine' : `key ${principal.key.name}`;
}
