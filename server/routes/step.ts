import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import { detectQuery, errorAnswers, fileAnswer, PICTURE_ERRORS, picturesBody } from '../api-schemas.ts';
import { encodeImage } from '../pictures/encode-image.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import { runStep } from '../pictures/run-step.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

/** A step works on every face: one too many for the detector's usual limit must not stay unblurred. */
const ALL_FACES = 1000;

export function stepRoute(app: ServerApp, desk: PictureDesk, { steps }: Pick<ServerParts, 'steps'>): void {
  const names = [...steps.keys()];
  app.route({
    method: 'POST',
    url: '/detect_and_:step',
    config: { access: 'recognize' },
    schema: {
      tags: ['pictures'],
      operationId: 'detectAndStep',
      summary: 'A picture after a post-processing step on its faces',
      description:
        `Steps of this server: ${names.join(', ')}. The answer has the format of the picture that was sent, ` +
        'without its metadata.',
      consumes: ['multipart/form-data'],
      params: z.object({ step: z.string().max(64) }),
      querystring: detectQuery,
      body: picturesBody('image'),
      response: {
        200: fileAnswer('the picture', 'image/jpeg', 'image/png', 'image/webp'),
        ...errorAnswers(...PICTURE_ERRORS, 'STEP_NOT_FOUND', 'STEP_FAILED'),
      },
    },
    handler: (request, reply) => {
      const step = steps.get(request.params.step);
      if (!step) {
        throw new AppError(
          'STEP_NOT_FOUND',
          `there is no step "${request.params.step}"; known are ${names.join(', ')}`,
        );
      }
      return desk.work(reply, async (signal) => {
        const { image: bytes } = await desk.read(request, ['image']);
        const image = await desk.decode(bytes, 'image');
        const options = { maxFaces: ALL_FACES, ...desk.options(request.query), want: 'detections' } as const;
        const faces = await desk.facesIn(image, options, signal);
        const changed = await runStep(step, image, faces);
        reply.header('x-facegate-faces', String(faces.length)).type(`image/${image.source}`);
        return reply.send(await encodeImage(changed, image.source));
      });
    },
  });
}
