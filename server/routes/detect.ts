import { detectAnswer, detectQuery, errorAnswers, PICTURE_ERRORS, picturesBody } from '../api-schemas.ts';
import { detectionView } from '../pictures/detection-view.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerApp } from '../server-app.ts';

export function detectRoute(app: ServerApp, desk: PictureDesk): void {
  app.route({
    method: 'POST',
    url: '/detect',
    config: { access: 'recognize' },
    schema: {
      tags: ['pictures'],
      operationId: 'detect',
      summary: 'Every face in a picture, best first',
      consumes: ['multipart/form-data'],
      querystring: detectQuery,
      body: picturesBody('image'),
      response: { 200: detectAnswer, ...errorAnswers(...PICTURE_ERRORS) },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const { image: bytes } = await desk.read(request, ['image']);
        const image = await desk.decode(bytes, 'image');
        const faces = await desk.facesIn(image, { ...desk.options(request.query), want: 'scores' }, signal);
        return { faces: faces.map((face) => detectionView(face, image)) };
      }),
  });
}
