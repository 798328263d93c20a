import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { errorAnswers, liveQuery } from '../api-schemas.ts';
import { type Authenticator, requireAccess } from '../callers/authenticate.ts';
import type { OpenSockets } from '../callers/open-sockets.ts';
import { feedQuery } from '../event-queries.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

const switched = z.any().describe('switched to WebSocket; see docs/protocol.md');

/** Callers are known, and the query is checked, before the socket is opened: a refusal is a plain HTTP answer. */
export function socketRoutes(
  app: ServerApp,
  { cameras, live, preview, feed }: Pick<ServerParts, 'cameras' | 'live' | 'preview' | 'feed'>,
  authenticate: Authenticator,
  sockets: OpenSockets,
): void {
  const guard = (socket: WebSocket, request: FastifyRequest) => {
    // Of the handshake; the request itself is gone when the socket is open.
    const { headers, cookies } = request;
    sockets.add(socket, () => {
      try {
        requireAccess(authenticate({ headers, cookies }), 'read');
        return true;
      } catch {
        return false;
      }
    });
  };
  const needsUpgrade = () => {
    throw new AppError('REQUEST_INVALID', 'this address speaks WebSocket only');
  };

  app.route({
    method: 'GET',
    url: '/ws/live',
    config: { access: 'read' },
    schema: {
      tags: ['sockets'],
      operationId: 'openLiveSocket',
      summary: 'WebSocket: every analysed frame with its faces',
      querystring: liveQuery,
      response: { 101: switched, ...errorAnswers('CAMERA_NOT_FOUND') },
    },
    preHandler: async (request) => {
      for (const id of wanted(request.query as z.output<typeof liveQuery>)) cameras.get(id);
    },
    handler: needsUpgrade,
    wsHandler: (socket, request) => {
      const query = request.query as z.output<typeof liveQuery>;
      guard(socket, request);
      live.add(socket, { cameras: wanted(query), video: query.video === '1', annotate: query.annotate === '1' });
    },
  });

  app.route({
    method: 'GET',
    url: '/ws/preview/:camera',
    config: { access: 'read' },
    schema: {
      tags: ['sockets'],
      operationId: 'openPreviewSocket',
      summary: 'WebSocket: the video of a camera at its full frame rate, MPEG-1',
      params: z.object({ camera: z.string().max(200) }),
      response: { 101: switched, ...errorAnswers('CAMERA_NOT_FOUND') },
    },
    preHandler: async (request) => void cameras.get((request.params as { camera: string }).camera),
    handler: needsUpgrade,
    wsHandler: (socket, request) => {
      const { camera } = request.params as { camera: string };
      guard(socket, request);
      preview.add(socket, { camera });
    },
  });

  app.route({
    method: 'GET',
    url: '/ws/events',
    config: { access: 'read' },
    schema: {
      tags: ['sockets'],
      operationId: 'openEventSocket',
      summary: 'WebSocket: every event, from a number on',
      querystring: feedQuery,
      response: { 101: switched, ...errorAnswers() },
    },
    handler: needsUpgrade,
    wsHandler: (socket, request) => {
      guard(socket, request);
      feed.add(socket, request.query as z.output<typeof feedQuery>);
    },
  });
}

const wanted = ({ camera }: z.output<typeof liveQuery>): string[] => (camera === undefined ? [] : [camera].flat());
