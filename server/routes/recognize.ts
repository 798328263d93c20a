import { z } from 'zod';
import type { Candidate, Probe } from '../../pipeline/face.ts';
import { identify } from '../../pipeline/identify.ts';
import { detectedFace, detectQuery, errorAnswers, PICTURE_ERRORS, picturesBody, wholeQuery } from '../api-schemas.ts';
import { detectionView } from '../pictures/detection-view.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { candidateView, identityFields, recognitionFields, viewOfCandidates } from '../view-of-candidates.ts';

const recognizedFace = detectedFace
  .extend({
    ...identityFields(['known', 'unknown', 'unfit']),
    quality: z.number().nullable().describe('fitness to be recognised, 0..1'),
    qualitySignal: z.string().nullable().describe('what the quality was judged by'),
    candidates: z.array(candidateView).describe('the most similar subjects, whether or not they reach the threshold'),
  })
  .meta({ id: 'RecognizedFace' });

/** Who is in a picture. */
export function recognizeRoute(
  app: ServerApp,
  desk: PictureDesk,
  { gallery, thresholds, clock }: Pick<ServerParts, 'gallery' | 'thresholds' | 'clock'>,
): void {
  app.route({
    method: 'POST',
    url: '/recognize',
    config: { access: 'recognize' },
    schema: {
      tags: ['recognition'],
      operationId: 'recognize',
      summary: 'Who is in a picture',
      description:
        'Every face, best first, with who it is, or why it is nobody. A picture without a face has an empty list.',
      consumes: ['multipart/form-data'],
      querystring: detectQuery.extend({
        candidates: wholeQuery(0, 100).default(5).describe('subjects shown for each face, the most similar first'),
      }),
      body: picturesBody('image'),
      response: {
        200: z.object({ ...recognitionFields, faces: z.array(recognizedFace) }),
        ...errorAnswers(...PICTURE_ERRORS, 'GALLERY_UNAVAILABLE'),
      },
    },
    handler: (request, reply) =>
      desk.work(reply, async (signal) => {
        const { image: bytes } = await desk.read(request, ['image']);
        const image = await desk.decode(bytes, 'image');
        const faces = await desk.facesIn(image, desk.options(request.query), signal);
        const { candidates: most } = request.query;
        const found = new Map<Probe, readonly Candidate[]>();
        // One search for both: who it is takes two, the answer shows as many as were asked for.
        const search = async (probes: readonly Probe[], k: number) => {
          const each = await gallery.search(probes, Math.max(k, most));
          for (const [at, probe] of probes.entries()) found.set(probe, each[at] ?? []);
          return each;
        };
        const nowMs = clock.wallMs();
        const identified = await identify(faces, { search }, { ...thresholds, nowMs });
        return {
          model: gallery.model.model,
          ...thresholds,
          faces: identified.map((face) => {
            const { status, subject, similarity, margin, reason, quality, qualitySignal, embedding } = face;
            if (subject) gallery.seen(subject.id, nowMs);
            const candidates = viewOfCandidates((embedding && found.get(embedding)) ?? [], most);
            return {
              ...detectionView(face, image),
              ...{ status, subject, similarity, margin, reason, quality, qualitySignal, candidates },
            };
          }),
        };
      }),
  });
}
