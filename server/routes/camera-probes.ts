import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { errorAnswers, idParams } from '../api-schemas.ts';
import { asSent } from '../as-sent.ts';
import { detectorReach } from '../cameras/detector-reach.ts';
import { type FaceSizeQuestion, faceSizeOf, judgeFaceSize } from '../cameras/judge-face-size.ts';
import { newCamera, remoteCamera } from '../cameras/remote-camera.ts';
import { hangUpSignal } from '../hang-up-signal.ts';
import { Admission } from '../pictures/admission.ts';
import { encodeImage } from '../pictures/encode-image.ts';
import type { ServerApp } from '../server-app.ts';
import type { CameraProbe, ServerParts } from '../server-parts.ts';

const PICTURE_WIDTH = 640;
/** Each probe starts an ffmpeg. */
const PROBES_AT_ONCE = 2;
/** The camera's own picture, as far as the settings allow it. */
const WIDEST = 3840;

const probeRequest = newCamera.omit({ id: true, name: true, failover: true, zones: true, enabled: true });

const faceSize = { px: z.int(), width: z.int(), inputSize: z.int() };
const probeAnswer = z
  .discriminatedUnion('ok', [
    z.object({
      ok: z.literal(true),
      width: z.int(),
      height: z.int(),
      codec: z.string().nullable(),
      fps: z.number().nullable(),
      picture: z.string().describe('a JPEG as data URL, at most 640 pixels wide'),
      smallestFace: z
        .object({ ...faceSize, framePx: z.int(), limitedBy: z.enum(['minFacePx', 'inputSize']) })
        .describe('how wide a face must be in the camera’s own picture to be found and fit'),
      faces: z
        .object({ found: z.int(), tooSmall: z.int(), smallestPx: z.int().nullable() })
        .nullable()
        .describe('those in the picture, also such as the settings do not find; null where nobody looked'),
      better: z
        .object({ ...faceSize, why: z.string() })
        .nullable()
        .describe('settings that would find smaller faces, where that is called for'),
    }),
    z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
  ])
  .meta({ id: 'CameraProbe' });

type Parts = Pick<ServerParts, 'cameras' | 'settings' | 'analyser' | 'roles' | 'behind'>;

export function cameraProbeRoutes(app: ServerApp, parts: Parts): void {
  const { cameras, behind } = parts;
  const probes = new Admission({ atOnce: PROBES_AT_ONCE, maxWaiting: 8 });
  const description = 'A camera that cannot be read is an answer with `ok: false`, not an error.';

  const answer = (reply: FastifyReply, width: number, probe: () => Promise<CameraProbe>) => {
    const signal = hangUpSignal(reply);
    return probes.run(signal, async () => {
      const found = await probe();
      if (!found.ok) return found;
      const { ok, codec, fps, picture } = found;
      const question: FaceSizeQuestion = {
        stream: { width: found.width, height: found.height },
        settings: { width, ...detectorSettings(parts) },
        reach: detectorReach(parts.roles().find(({ role }) => role === 'detector')?.model ?? ''),
      };
      const [report, jpeg] = await Promise.all([
        // Networks that are busy or gone do not keep a person from seeing what the camera shows.
        judgeFaceSize(question, picture, parts.analyser, signal).catch(() => faceSizeOf(question)),
        encodeImage(picture, 'jpeg', { maxWidth: PICTURE_WIDTH }),
      ]);
      const url = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
      return { ok, width: found.width, height: found.height, codec, fps, picture: url, ...report };
    });
  };

  app.route({
    method: 'POST',
    url: '/cameras/probe',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      operationId: 'probeCamera',
      summary: 'What is behind a camera URL',
      description,
      body: asSent(probeRequest),
      response: { 200: probeAnswer, ...errorAnswers('SOURCE_URL_INVALID', 'INFERENCE_BUSY') },
    },
    handler: (request, reply) => {
      const camera = remoteCamera({ ...request.body, id: 'probe' }, { machineIsShared: behind !== undefined });
      return answer(reply, camera.width, () => cameras.probe({ ...camera, width: WIDEST }));
    },
  });

  app.route({
    method: 'POST',
    url: '/cameras/:id/probe',
    config: { access: 'admin' },
    schema: {
      tags: ['cameras'],
      operationId: 'probeKnownCamera',
      summary: 'What a camera sends, and whether faces are large enough',
      description: `${description} One that runs is not connected to a second time.`,
      params: idParams,
      response: { 200: probeAnswer, ...errorAnswers('CAMERA_NOT_FOUND', 'INFERENCE_BUSY') },
    },
    handler: (request, reply) => {
      const { id, settings } = cameras.get(request.params.id);
      return answer(reply, settings.width, () => cameras.look(id));
    },
  });
}

function detectorSettings({ settings }: Pick<ServerParts, 'settings'>) {
  const { inputSize, minFacePx } = settings.models.detector;
  return { inputSize, minFacePx };
}
