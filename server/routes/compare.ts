import type { AnalyseOptions } from '../../pipeline/ports.ts';
import { compareAnswer, compareQuery, errorAnswers, PICTURE_ERRORS, picturesBody } from '../api-schemas.ts';
import { compareFaces, largestFace } from '../pictures/compare-faces.ts';
import type { ComparedPicture } from '../pictures/compare-hints.ts';
import { type PictureName, preferredLanguage } from '../pictures/compare-words.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';

export function compareRoute(app: ServerApp, desk: PictureDesk, { compare }: Pick<ServerParts, 'compare'>): void {
  const look = async (
    bytes: Buffer,
    name: PictureName,
    options: AnalyseOptions,
    signal: AbortSignal,
  ): Promise<ComparedPicture> => {
    const image = await desk.decode(bytes, name);
    const faces = await desk.facesIn(image, options, signal);
    return { name, image, face: largestFace(faces, name), count: faces.length };
  };

  app.route({
    method: 'POST',
    url: '/compare',
    config: { access: 'recognize' },
    schema: {
      tags: ['pictures'],
      operationId: 'compare',
      summary: 'Whether two pictures show the same person',
      description: "Each picture's largest face counts. A picture without a face is 422 and the message says which.",
      consumes: ['multipart/form-data'],
      querystring: compareQuery,
      body: picturesBody('image1', 'image2'),
      response: { 200: compareAnswer, ...errorAnswers(...PICTURE_ERRORS, 'FACE_NOT_FOUND', 'FACE_UNFIT') },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const pictures = await desk.read(request, ['image1', 'image2']);
        const options = desk.options(request.query);
        // One after the other: half the memory.
        const first = await look(pictures.image1, 'image1', options, signal);
        const second = await look(pictures.image2, 'image2', options, signal);
        const language = preferredLanguage(request.headers['accept-language']);
        reply.header('content-language', language).header('vary', 'accept-language');
        return compareFaces(first, second, compare, language);
      }),
  });
}
