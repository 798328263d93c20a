import type { FastifyReply, FastifyRequest } from 'fastify';
import { SESSION_COOKIE } from './authenticate.ts';

/** Where a tenant stands that people reach through a gateway. */
export interface BehindGateway {
  /** It listens on this Unix socket only, which nobody but the gateway gets at: what its headers say is believed (`caller-origin.ts`). */
  readonly socketPath: string;
  /** People see it under this, e.g. `/attendance`: the gateway takes it off the address, and sends it along. */
  readonly prefix: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What stands before this server's addresses where the caller sees them: `/attendance`, or nothing. */
    prefix: string;
  }
}

/** The prefix that the gateway took off this request; none on the tenant's own port. */
export function prefixOf({ headers }: Pick<FastifyRequest, 'headers'>, behind: BehindGateway | undefined): string {
  return behind && headers['x-forwarded-prefix'] === behind.prefix ? behind.prefix : '';
}

/** A redirect to a path of this server leads the caller to that path under the prefix. */
export function prefixRedirect({ prefix }: FastifyRequest, reply: FastifyReply): void {
  const location = reply.getHeader('location');
  if (prefix !== '' && typeof location === 'string' && /^\/(?!\/)/.test(location)) {
    reply.header('location', prefix + location);
  }
}

/**
 * The name of the session's cookie. Browsers tell cookies apart by path and name, not by port: of two tenants on ports of
 * their own each needs a name of its own, lest one's login end the other's.
 */
export function sessionCookieName(tenant: string, behind: BehindGateway | undefined): string {
  return behind ? `${SESSION_COOKIE}_${tenant}` : SESSION_COOKIE;
}
