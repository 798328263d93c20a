import { z } from 'zod';
import { doorView, errorAnswers } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

export function doorRoutes(app: ServerApp, { settings }: Pick<ServerParts, 'settings'>): void {
  const doors = settings.doors.map(({ id, name, cameras, allow, confirm, maxAge, cooldown }) => ({
    id,
    name: name ?? id,
    cameras,
    allow,
    confirm: { matches: confirm.matches, withinMs: confirm.within },
    maxAgeMs: maxAge,
    cooldownMs: cooldown,
  }));

  app.route({
    method: 'GET',
    url: '/doors',
    config: { access: 'read' },
    schema: {
      tags: ['doors'],
      operationId: 'listDoors',
      summary: 'The doors and whom they open for',
      response: { 200: z.object({ doors: z.array(doorView) }), ...errorAnswers() },
    },
    handler: () => ({ doors }),
  });
}
