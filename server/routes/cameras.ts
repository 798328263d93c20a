import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { cameraView, errorAnswers, fileAnswer, idParams, nothing } from '../api-schemas.ts';
import { asSent } from '../as-sent.ts';
import { cameraPatch, newCamera } from '../cameras/remote-camera.ts';
import type { ServerApp } from '../server-app.ts';
import type { CameraView, LatestPicture, ServerParts } from '../server-parts.ts';

/** A picture older than this is not shown as what the camera sees. */
const STALE_MS = 5000;

export function cameraRoutes(app: ServerApp, { cameras }: Pick<ServerParts, 'cameras'>): void {
  app.route({
    method: 'GET',
    url: '/cameras',
    config: { access: 'read' },
    schema: {
      tags: ['cameras'],
      operationId: 'listCameras',
      summary: 'Every camera and how it is doing',
      response: { 200: z.object({ cameras: z.array(cameraView) }), ...errorAnswers() },
    },
    handler: () => ({ cameras: [...cameras.list()] }),
  });

  app.route({
    method: 'POST',
    url: '/cameras',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      operationId: 'addCamera',
      summary: 'Adds a camera, also for the next start',
      body: asSent(newCamera),
      response: { 201: cameraView, ...errorAnswers('CAMERA_EXISTS', 'CAMERA_LIMIT', 'SOURCE_URL_INVALID') },
    },
    handler: async (request, reply) => reply.code(201).send(cameras.add(request.body)),
  });

  app.route({
    method: 'GET',
    url: '/cameras/:id',
    config: { access: 'read' },
    schema: {
      tags: ['cameras'],
      operationId: 'getCamera',
      summary: 'One camera',
      params: idParams,
      response: { 200: cameraView, ...errorAnswers('CAMERA_NOT_FOUND') },
    },
    handler: (request) => cameras.get(request.params.id),
  });

  app.route({
    method: 'PATCH',
    url: '/cameras/:id',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      operationId: 'changeCamera',
      summary: 'Changes a camera that was added',
      description:
        'What is missing stays, null sets back to the default. Of a camera of the settings only zones and masks that the settings do not give.',
      params: idParams,
      body: asSent(cameraPatch),
      response: {
        200: cameraView,
        ...errorAnswers('CAMERA_NOT_FOUND', 'CAMERA_CONFIGURED', 'SOURCE_URL_INVALID'),
      },
    },
    handler: (request) => cameras.change(request.params.id, request.body),
  });

  app.route({
    method: 'DELETE',
    url: '/cameras/:id',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      operationId: 'removeCamera',
      summary: 'Removes a camera that was added',
      params: idParams,
      response: { 204: nothing, ...errorAnswers('CAMERA_NOT_FOUND', 'CAMERA_CONFIGURED') },
    },
    handler: async (request, reply) => {
      await cameras.remove(request.params.id);
      return reply.code(204).send(null);
    },
  });

  for (const [file, annotated, summary] of [
    ['snapshot.jpg', false, 'The newest analysed picture'],
    ['annotated.jpg', true, 'The newest analysed picture with boxes and names'],
  ] as const) {
    app.route({
      method: 'GET',
      url: `/cameras/:id/${file}`,
      config: { access: 'read' },
      schema: {
        tags: ['cameras'],
        operationId: annotated ? 'getAnnotatedPicture' : 'getPicture',
        summary,
        description: 'Of a camera that is not running, or whose newest picture is older than 5 s: 409 CAMERA_STALE.',
        params: idParams,
        response: {
          200: fileAnswer('the picture', 'image/jpeg'),
          ...errorAnswers('CAMERA_NOT_FOUND', 'CAMERA_STALE'),
        },
      },
      handler: async (request, reply) => {
        const camera = cameras.get(request.params.id);
        const picture = fresh(camera, cameras.latestResult(camera.id));
        return reply
          .type('image/jpeg')
          .header('x-facegate-sequence', String(picture.sequence))
          .send(await picture.jpeg({ annotated }));
      },
    });
  }
}

/** A camera that is stalled or away has a picture for a while that is young enough and shows what was, not what is. */
function fresh({ id, state, code, message }: CameraView, picture: LatestPicture | null): LatestPicture {
  if (state !== 'running' && (picture || code)) {
    const why = message === null ? '' : `: ${message}`;
    throw new AppError('CAMERA_STALE', `camera "${id}" is ${state}${why}`, { details: { state, code } });
  }
  if (!picture) throw new AppError('CAMERA_STALE', `camera "${id}" has no picture yet`);
  if (picture.ageMs <= STALE_MS) return picture;
  const seconds = (picture.ageMs / 1000).toFixed(1);
  throw new AppError('CAMERA_STALE', `the newest picture of camera "${id}" is ${seconds} s old`);
}
