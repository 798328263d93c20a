import { z } from 'zod';
import { errorAnswers } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const byName = new Intl.Collator('en', { sensitivity: 'base', numeric: true });

export function groupRoutes(app: ServerApp, { gallery }: Pick<ServerParts, 'gallery'>): void {
  app.route({
    method: 'GET',
    url: '/groups',
    config: { access: 'read' },
    schema: {
      tags: ['subjects'],
      operationId: 'listGroups',
      summary: 'Every group that somebody is in, by name',
      response: {
        200: z.object({ groups: z.array(z.object({ name: z.string(), subjects: z.int().describe('how many') })) }),
        ...errorAnswers('GALLERY_UNAVAILABLE'),
      },
    },
    handler: () => ({ groups: gallery.groups().sort((a, b) => byName.compare(a.name, b.name)) }),
  });
}
