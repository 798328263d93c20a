import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../pipeline/audit.ts';
import { errorAnswers, wholeQuery } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const auditEntry = z
  .object({
    number: z.int().describe('from 1, without gaps'),
    at: z.string(),
    action: z.enum(AUDIT_ACTIONS),
    by: z.string().describe('`key NAME`, `this machine`, `command line (USER)` or `facegate`'),
    subject: z.string().nullable().describe('the id of the subject that it was about'),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    hash: z.string().describe('SHA-256 over the entry before and this one'),
  })
  .meta({ id: 'AuditEntry' });

export function auditRoutes(app: ServerApp, { audit }: Pick<ServerParts, 'audit'>): void {
  app.route({
    method: 'GET',
    url: '/audit',
    config: { access: 'admin' },
    schema: {
      tags: ['audit'],
      operationId: 'listAuditEntries',
      summary: 'Who did what to people, keys and rules',
      description:
        'Ascending. Each entry is bound to the one before it by its hash; `facegate audit verify` follows the chain.',
      querystring: z.object({
        after: wholeQuery(0, Number.MAX_SAFE_INTEGER).default(0).describe('entries after this number'),
        limit: wholeQuery(1, 1000).default(100),
      }),
      response: {
        200: z.object({ entries: z.array(auditEntry), latest: z.int().describe('the number of the newest entry') }),
        ...errorAnswers('AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const entries = audit.read(request.query).map(({ atMs, details, ...entry }) => ({
        ...entry,
        at: new Date(atMs).toISOString(),
        details: { ...details },
      }));
      return { entries, latest: audit.last.number };
    },
  });
}
