import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { ServerApp } from '../server-app.ts';

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>facegate</title>
<h1>facegate runs; the console is not built</h1>
<p>Build it with <code>npm run build:web</code> and start facegate again. The API is described at <a href="docs">/docs</a>.</p>
</html>
`;

/** The console's files: no secret is in them, so everybody may load the page that asks for the key. */
export async function consoleRoutes(app: ServerApp, consoleDir: string): Promise<void> {
  if (!existsSync(join(consoleDir, 'index.html'))) {
    app.route({
      method: 'GET',
      url: '/',
      config: { access: 'anyone' },
      schema: { hide: true },
      handler: (_request, reply) => reply.type('text/html; charset=utf-8').send(NOT_BUILT),
    });
    return;
  }
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'anyone' };
      route.schema = { ...route.schema, hide: true };
    });
    await scope.register(fastifyStatic, {
      root: consoleDir,
      prefix: '/',
      index: ['index.html'],
      decorateReply: false,
      cacheControl: false,
      setHeaders(reply, path) {
        // Vite names what lies in assets/ by its content; index.html names those.
        const named = path.startsWith(join(consoleDir, 'assets'));
        reply.header('cache-control', named ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  });
}
