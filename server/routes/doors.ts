import { z } from 'zod';
import { doorView, errorAnswers, eventView, idParams } from '../api-schemas.ts';
import { callerName } from '../callers/caller-name.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const reason = z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters').optional();
const switched = z.strictObject({
  active: z.boolean({ error: 'must be true or false' }).describe('false ends the lock-down'),
  reason: reason.describe('what for; it stands in the audit log and in the event'),
});
/** No body, or an empty one, says as much as {}. */
const unlocked = z.strictObject({ reason: reason.describe('what for; it stands in the audit log') }).nullish();

export function doorRoutes(app: ServerApp, { doors }: Pick<ServerParts, 'doors'>): void {
  const turn = (id: string, body: z.output<typeof switched>, by: string) => {
    const order = { by, reason: body.reason ?? null };
    return body.active ? doors.lockDown(id, order) : doors.release(id, order);
  };

  app.route({
    method: 'GET',
    url: '/doors',
    config: { access: 'read' },
    schema: {
      tags: ['doors'],
      operationId: 'listDoors',
      summary: 'The doors, whom they open for, and how they are',
      response: { 200: z.object({ doors: z.array(doorView) }), ...errorAnswers() },
    },
    handler: () => ({ doors: doors.views() }),
  });

  app.route({
    method: 'GET',
    url: '/doors/:id',
    config: { access: 'read' },
    schema: {
      tags: ['doors'],
      operationId: 'door',
      summary: 'One door',
      params: idParams,
      response: { 200: doorView, ...errorAnswers('DOOR_NOT_FOUND') },
    },
    handler: (request) => doors.view(request.params.id),
  });

  app.route({
    method: 'POST',
    url: '/doors/lockdown',
    config: { access: 'door' },
    schema: {
      tags: ['doors'],
      operationId: 'lockDownAllDoors',
      summary: 'Locks every door down, or ends it',
      description:
        'Where one of them fails, the others are locked down all the same; releasing stops at the first failure.',
      body: switched,
      response: {
        200: z.object({ doors: z.array(doorView) }),
        ...errorAnswers('DOOR_STATE_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => {
      const by = callerName(request);
      const failures: unknown[] = [];
      for (const { id } of doors.views()) {
        try {
          turn(id, request.body, by);
        } catch (error) {
          if (!request.body.active) throw error;
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return { doors: doors.views() };
    },
  });

  app.route({
    method: 'POST',
    url: '/doors/:id/lockdown',
    config: { access: 'door' },
    schema: {
      tags: ['doors'],
      operationId: 'lockDownDoor',
      summary: 'Locks a door down, or ends it',
      description:
        'From then on nothing opens it, also after a restart, until it is released. An error 503 with `active: true`: it is locked down until facegate ends, and that is not on disk.',
      params: idParams,
      body: switched,
      response: {
        200: doorView,
        ...errorAnswers('DOOR_NOT_FOUND', 'DOOR_STATE_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
      },
    },
    handler: (request) => turn(request.params.id, request.body, callerName(request)),
  });

  app.route({
    method: 'POST',
    url: '/doors/:id/unlock',
    config: { access: 'door' },
    schema: {
      tags: ['doors'],
      operationId: 'unlockDoor',
      summary: 'Opens a door once, whoever stands there',
      description: 'A grant without a subject, with the reason `manual`, valid for two seconds; it goes to every feed.',
      params: idParams,
      body: unlocked,
      response: {
        200: eventView,
        ...errorAnswers('DOOR_NOT_FOUND', 'DOOR_LOCKED_DOWN', 'AUDIT_UNAVAILABLE', 'EVENT_LOG_UNAVAILABLE'),
      },
    },
    handler: (request) =>
      doors.unlock(request.params.id, { by: callerName(request), reason: request.body?.reason ?? null }),
  });
}
