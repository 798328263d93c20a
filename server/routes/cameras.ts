import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { type CameraSettings, cameraSchema } from '../../config/settings-schema.ts';
import { cameraView, errorAnswers, fileAnswer, idParams, nothing } from '../api-schemas.ts';
import { hangUpSignal } from '../hang-up-signal.ts';
import { Admission } from '../pictures/admission.ts';
import { encodeImage } from '../pictures/encode-image.ts';
import type { ServerApp } from '../server-app.ts';
import type { CameraView, LatestPicture, ServerParts } from '../server-parts.ts';

/** A picture older than this is not shown as what the camera sees. */
const STALE_MS = 5000;
const PROBE_PICTURE_WIDTH = 640;
/** Each probe starts an ffmpeg. */
const PROBES_AT_ONCE = 2;

const newCamera = cameraSchema
  .pick({ id: true, name: true, url: true, fps: true, width: true, transport: true })
  .meta({ id: 'NewCamera' });
const probeRequest = cameraSchema.pick({ url: true, transport: true });
const probeAnswer = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    width: z.int(),
    height: z.int(),
    codec: z.string().nullable(),
    fps: z.number().nullable(),
    picture: z.string().describe('a JPEG as data URL, at most 640 pixels wide'),
  }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);

export function cameraRoutes(app: ServerApp, { cameras }: Pick<ServerParts, 'cameras'>): void {
  const probes = new Admission({ atOnce: PROBES_AT_ONCE, maxWaiting: 8 });

  app.route({
    method: 'GET',
    url: '/cameras',
    config: { access: 'read' },
    schema: {
      tags: ['cameras'],
      summary: 'Every camera and how it is doing',
      response: { 200: z.object({ cameras: z.array(cameraView) }), ...errorAnswers() },
    },
    handler: () => ({ cameras: cameras.list().map(mutable) }),
  });

  app.route({
    method: 'POST',
    url: '/cameras',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      summary: 'Adds a camera until the server stops',
      body: newCamera,
      response: {
        201: cameraView.extend({ persisted: z.literal(false) }).meta({ id: 'AddedCamera' }),
        ...errorAnswers('CAMERA_EXISTS', 'SOURCE_URL_INVALID'),
      },
    },
    handler: async (request, reply) => {
      const view = cameras.add(remoteCamera(request.body));
      return reply.code(201).send({ ...mutable(view), persisted: false as const });
    },
  });

  app.route({
    method: 'POST',
    url: '/cameras/probe',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      summary: 'What is behind a camera URL',
      description: 'A camera that cannot be read is an answer with `ok: false`, not an error.',
      body: probeRequest,
      response: { 200: probeAnswer, ...errorAnswers('SOURCE_URL_INVALID', 'INFERENCE_BUSY') },
    },
    handler: (request, reply) =>
      probes.run(hangUpSignal(reply), async () => {
        const found = await cameras.probe(remoteCamera({ ...request.body, id: 'probe' }));
        if (!found.ok) return found;
        const { ok, width, height, codec, fps } = found;
        const jpeg = await encodeImage(found.picture, 'jpeg', { maxWidth: PROBE_PICTURE_WIDTH });
        return { ok, width, height, codec, fps, picture: `data:image/jpeg;base64,${jpeg.toString('base64')}` };
      }),
  });

  app.route({
    method: 'GET',
    url: '/cameras/:id',
    config: { access: 'read' },
    schema: {
      tags: ['cameras'],
      summary: 'One camera',
      params: idParams,
      response: { 200: cameraView, ...errorAnswers('CAMERA_NOT_FOUND') },
    },
    handler: (request) => mutable(cameras.get(request.params.id)),
  });

  app.route({
    method: 'DELETE',
    url: '/cameras/:id',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      summary: 'Removes a camera that was added',
      params: idParams,
      response: { 204: nothing, ...errorAnswers('CAMERA_NOT_FOUND', 'CAMERA_CONFIGURED') },
    },
    handler: async (request, reply) => {
      const { id, origin } = cameras.get(request.params.id);
      if (origin === 'config') {
        throw new AppError('CAMERA_CONFIGURED', `camera "${id}" stands in the configuration file; remove it there`);
      }
      await cameras.remove(id);
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
        summary,
        description: 'Of a camera whose newest picture is older than 5 s: 409 CAMERA_STALE.',
        params: idParams,
        response: {
          200: fileAnswer('the picture', 'image/jpeg'),
          ...errorAnswers('CAMERA_NOT_FOUND', 'CAMERA_STALE'),
        },
      },
      handler: async (request, reply) => {
        const { id } = cameras.get(request.params.id);
        const picture = fresh(id, cameras.latestResult(id));
        return reply
          .type('image/jpeg')
          .header('x-facegate-sequence', String(picture.sequence))
          .send(await picture.jpeg({ annotated }));
      },
    });
  }
}

/** A camera as it may be given over the network: what is on the server's disk is nobody's business. */
function remoteCamera(input: Partial<CameraSettings> & { id: string; url: string }): CameraSettings {
  if (!/^(rtsps?:\/\/|webcam:)/i.test(input.url)) {
    throw new AppError(
      'SOURCE_URL_INVALID',
      'url must start with rtsp://, rtsps:// or webcam: when it is sent over HTTP',
    );
  }
  const parsed = cameraSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AppError(
    'REQUEST_INVALID',
    parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '),
  );
}

function fresh(id: string, picture: LatestPicture | null): LatestPicture {
  if (!picture) throw new AppError('CAMERA_STALE', `camera "${id}" has no picture yet`);
  if (picture.ageMs <= STALE_MS) return picture;
  const seconds = (picture.ageMs / 1000).toFixed(1);
  throw new AppError('CAMERA_STALE', `the newest picture of camera "${id}" is ${seconds} s old`);
}

/** The schema's types know no readonly. */
const mutable = (view: CameraView) => ({ ...view, doors: [...view.doors] });
