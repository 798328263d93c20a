import { AppError } from '../../config/app-error.ts';
import type { AnalysedFace, Probe } from '../../pipeline/face.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import type { ComprefaceDesk } from './compreface-desk.ts';
import {
  detectAnswer,
  imageParams,
  pictureQuery,
  picturesOrBase64Body,
  recognizeAnswer,
  recognizeQuery,
  refusals,
  verifyAnswer,
  verifyFaceAnswer,
} from './compreface-schemas.ts';
import { exampleOf } from './example-of.ts';
import { foundFace, pluginsVersions, wantedBy } from './found-face.ts';

const PICTURES = ['multipart/form-data', 'application/json'];

/** The calls that look at pictures and change nothing. Their bodies are read as streams. */
export function pictureCalls(
  app: ServerApp,
  desk: ComprefaceDesk,
  parts: Pick<ServerParts, 'gallery' | 'roles'>,
): void {
  const { gallery } = parts;

  app.route({
    method: 'POST',
    url: '/recognition/recognize',
    config: { access: 'recognize' },
    schema: {
      tags: ['compreface'],
      summary: 'Who the faces in a picture are',
      consumes: PICTURES,
      querystring: recognizeQuery,
      body: picturesOrBase64Body('file'),
      response: { 200: recognizeAnswer, ...refusals },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const { query } = request;
        const { file } = await desk.read(request, ['file']);
        const look = await desk.look(file, 'file', query, { want: 'embeddings', signal });
        const wanted = wantedBy(query);
        const fit = look.faces.flatMap((face) => fitEmbedding(face) ?? []);
        const predicted = (await desk.predict(fit, query.prediction_count)).values();
        const result = look.faces.map((face) => ({
          ...foundFace(face, look, wanted),
          // A face that is not fit to be recognised is nobody.
          subjects: fitEmbedding(face) ? (predicted.next().value ?? []) : [],
        }));
        return { result, ...pluginsVersions(parts, wanted) };
      }),
  });

  app.route({
    method: 'POST',
    url: '/recognition/faces/:image_id/verify',
    config: { access: 'recognize' },
    schema: {
      tags: ['compreface'],
      summary: 'How similar the faces in a picture are to an enrolled one',
      consumes: PICTURES,
      params: imageParams,
      querystring: pictureQuery,
      body: picturesOrBase64Body('file'),
      response: { 200: verifyFaceAnswer, ...refusals },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const { query } = request;
        const example = exampleOf(gallery, request.params.image_id);
        const { file } = await desk.read(request, ['file']);
        const look = await desk.look(file, 'file', query, { want: 'embeddings', signal });
        const enrolled = gallery.embedding(example.id);
        const wanted = wantedBy(query);
        const result = look.faces.map((face) => ({
          ...foundFace(face, look, wanted),
          subject: gallery.subject(example.subjectId).name,
          similarity: face.embedding ? desk.compareEnrolled(enrolled, face.embedding, face.unfit === null) : 0,
        }));
        return { result, ...pluginsVersions(parts, wanted) };
      }),
  });

  app.route({
    method: 'POST',
    url: '/detection/detect',
    config: { access: 'recognize' },
    schema: {
      tags: ['compreface'],
      summary: 'The faces in a picture',
      consumes: PICTURES,
      querystring: pictureQuery,
      body: picturesOrBase64Body('file'),
      response: { 200: detectAnswer, ...refusals },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const wanted = wantedBy(request.query);
        const { file } = await desk.read(request, ['file']);
        const want = wanted.embedding ? 'embeddings' : 'detections';
        const look = await desk.look(file, 'file', request.query, { want, signal });
        return {
          result: look.faces.map((face) => foundFace(face, look, wanted)),
          ...pluginsVersions(parts, wanted),
        };
      }),
  });

  app.route({
    method: 'POST',
    url: '/verification/verify',
    config: { access: 'recognize' },
    schema: {
      tags: ['compreface'],
      summary: 'How similar the faces in one picture are to the one face in another',
      consumes: PICTURES,
      querystring: pictureQuery,
      body: picturesOrBase64Body('source_image', 'target_image'),
      response: { 200: verifyAnswer, ...refusals },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const { query } = request;
        const pictures = await desk.read(request, ['source_image', 'target_image']);
        const options = { want: 'embeddings', signal } as const;
        // One after the other: half the memory.
        const source = await desk.look(pictures.source_image, 'source_image', { ...query, limit: 0 }, options);
        const face = source.faces[0] as AnalysedFace;
        if (source.found > 1) throw new AppError('FACE_NOT_UNIQUE', 'source_image shows more than one face');
        const target = await desk.look(pictures.target_image, 'target_image', query, options);
        const wanted = wantedBy(query);
        const matches = target.faces.map((other) => ({
          ...foundFace(other, target, wanted),
          similarity: similarity(desk, face, other),
        }));
        return {
          result: [
            {
              source_image_face: foundFace(face, source, wanted),
              face_matches: matches,
              ...pluginsVersions(parts, wanted),
            },
          ],
        };
      }),
  });
}

function fitEmbedding({ unfit, embedding }: AnalysedFace): Probe | null {
  return unfit === null ? embedding : null;
}

/** A face that could not be embedded resembles nobody. */
function similarity(desk: ComprefaceDesk, a: AnalysedFace, b: AnalysedFace): number {
  if (!a.embedding || !b.embedding) return 0;
  return desk.compare(a.embedding, b.embedding, a.unfit === null && b.unfit === null);
}
