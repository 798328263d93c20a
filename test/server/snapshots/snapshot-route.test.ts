import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { buildServer } from '../../../server/build-server.ts';
import type { ServerParts } from '../../../server/server-parts.ts';
import { accessEvent } from '../../support/access-event.ts';
import { type FakeServerParts, fakeServerParts } from '../../support/fake-server-parts.ts';
import { noSnapshots } from '../../support/no-snapshots.ts';

const GUARD = 'guard-key-0123456789-abcdef';
const WALL = 'wall-key-0123456789-abcdef';
const EVERYTHING_ELSE = 'other-key-0123456789-abcdef';
const keys = [
  { name: 'guard', key: GUARD, scopes: ['pictures' as const] },
  { name: 'wall', key: WALL, scopes: ['read' as const] },
  { name: 'other', key: EVERYTHING_ELSE, scopes: ['read', 'recognize', 'enroll', 'door'] as const },
];
const event = accessEvent({ type: 'access.denied', subject: { id: '0b5e', name: 'Ada' } });
const jpeg = Buffer.from('a picture');

let parts: FakeServerParts;
let app: FastifyInstance;

async function serve(more: Partial<ServerParts> = {}): Promise<void> {
  const snapshots = { ...noSnapshots(), picture: async () => ({ event, jpeg }) };
  parts = await fakeServerParts({
    settings: { keys: keys.map(({ scopes, ...key }) => ({ ...key, scopes: [...scopes] })) },
    parts: { snapshots, ...more },
  });
  app = await buildServer(parts);
}
const look = (key: string) => app.inject({ url: `/events/${event.id}/snapshot`, headers: { 'x-api-key': key } });

afterEach(async () => {
  await app.close();
  parts.dispose();
});

describe('GET /events/:id/snapshot', () => {
  it('gives the picture to a key with the scope, for nobody to keep, and writes down who looked', async () => {
    await serve();
    const answer = await look(GUARD);
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'image/jpeg',
      'private, no-store',
    ]);
    expect(answer.rawPayload).toEqual(jpeg);
    expect(parts.audit.read({ limit: 10 })).toMatchObject([
      { action: 'snapshot.viewed', by: 'key guard', subject: '0b5e', details: { event: event.id } },
    ]);
  });

  it.each([
    ['read', WALL],
    ['read, recognize, enroll and door', EVERYTHING_ELSE],
  ])('gives nothing to a key with the scopes %s', async (_, key) => {
    await serve();
    expect([(await look(key)).statusCode, (await look(key)).json().code]).toEqual([403, 'FORBIDDEN']);
    expect(parts.audit.read({ limit: 10 })).toEqual([]);
  });

  it('gives nothing where it cannot be written down who looked', async () => {
    const audit = {
      record: () => {
        throw new AppError('AUDIT_UNAVAILABLE', 'the disk is full');
      },
      read: () => [],
      last: { number: 0, hash: '' },
    };
    await serve({ audit });
    const answer = await look(GUARD);
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'AUDIT_UNAVAILABLE']);
  });

  it('says that there is none, and nobody has looked then', async () => {
    await serve({ snapshots: noSnapshots() });
    const answer = await look(GUARD);
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'SNAPSHOT_NOT_FOUND']);
    expect(parts.audit.read({ limit: 10 })).toEqual([]);
  });

  it('deleting a subject forgets its pictures before it is answered, in the name of who deleted it', async () => {
    const forgotten: unknown[] = [];
    await serve({
      snapshots: {
        ...noSnapshots(),
        forget: async (...given) => {
          await new Promise((resolve) => setImmediate(resolve));
          return forgotten.push(given);
        },
      },
    });
    const { id } = parts.gallery.createSubject({ name: 'Ada' });
    const bob = parts.gallery.createSubject({ name: 'Bob' });
    const headers = { 'x-api-key': EVERYTHING_ELSE };
    expect((await app.inject({ method: 'DELETE', url: `/subjects/${id}`, headers })).statusCode).toBe(204);
    expect(forgotten).toEqual([[[id], 'key other']]);
    const compreface = { method: 'DELETE', url: '/api/v1/recognition/subjects/Bob', headers } as const;
    expect((await app.inject(compreface)).statusCode).toBe(200);
    expect(forgotten[1]).toEqual([[bob.id], 'key other']);
  });
});
