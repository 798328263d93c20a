import type { FastifyInstance } from 'fastify';

export interface ListedRoute {
  readonly methods: readonly string[];
  /** The pattern, e.g. `/cameras/:id`. */
  readonly url: string;
}

/** Every route of a server, read from Fastify's own tree. */
export function routesOf(server: FastifyInstance): ListedRoute[] {
  const routes: ListedRoute[] = [];
  const path: string[] = [];
  for (const line of server.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^((?:│ {3}| {4})*)[├└]── (\S+?)(?: \((.*)\))?$/u.exec(line);
    if (!match) continue;
    const [, indent = '', segment = '', methods] = match;
    path.length = indent.length / 4;
    path.push(segment);
    if (methods) routes.push({ methods: methods.split(', '), url: path.join('') });
  }
  return routes;
}
