import { z } from 'zod';
import { AppError } from '../../config/app-error.ts';
import type { Embedding } from '../../pipeline/face.ts';
import { judgeCandidates } from '../../pipeline/judge-candidates.ts';
import { errorAnswers } from '../api-schemas.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { unitVector } from '../unit-vector.ts';
import { candidateView, identityFields, recognitionFields, viewOfCandidates } from '../view-of-candidates.ts';

/** 64 embeddings of 2048 numbers as JSON writes them. */
const MAX_BODY_BYTES = 4_194_304;
const MOST_EMBEDDINGS = 64;

const vector = z.array(z.number({ error: 'must be a number' }), { error: 'must be a list of numbers' });
const searchBody = z
  .strictObject({
    embeddings: z
      .array(vector, { error: 'must be a list of embeddings' })
      .min(1, 'must hold at least one embedding')
      .max(MOST_EMBEDDINGS, `must hold at most ${MOST_EMBEDDINGS} embeddings`)
      .describe('of the model that runs; their length does not matter, zero is none'),
    k: z
      .int({ error: 'must be a whole number, 1 to 100' })
      .min(1, 'must be between 1 and 100')
      .max(100, 'must be between 1 and 100')
      .default(5)
      .describe('subjects shown for each embedding, the most similar first'),
  })
  .meta({ id: 'Search' });

const found = z
  .object({ ...identityFields(['known', 'unknown']), candidates: z.array(candidateView) })
  .meta({ id: 'Found' });

/** Who somebody is, of whom the embedding is known already. */
export function searchRoute(
  app: ServerApp,
  { gallery, thresholds, clock }: Pick<ServerParts, 'gallery' | 'thresholds' | 'clock'>,
): void {
  app.route({
    method: 'POST',
    url: '/search',
    config: { access: 'recognize' },
    bodyLimit: MAX_BODY_BYTES,
    schema: {
      tags: ['recognition'],
      operationId: 'search',
      summary: 'Who embeddings belong to',
      description: 'Judged as faces in pictures are, but for the quality, which an embedding does not tell.',
      body: searchBody,
      response: {
        200: z.object({ ...recognitionFields, results: z.array(found).describe('one for each embedding, in order') }),
        ...errorAnswers('EMBEDDING_INVALID', 'EMBEDDING_MISMATCH', 'GALLERY_UNAVAILABLE'),
      },
    },
    handler: async (request) => {
      const { embeddings, k } = request.body;
      const { model } = gallery.model;
      const probes = embeddings.map((values, at): Embedding => {
        if (values.length !== gallery.width) {
          const message = `body "embeddings.${at}" must have the ${gallery.width} numbers of ${model}, got ${values.length}`;
          throw new AppError('EMBEDDING_MISMATCH', message);
        }
        const unit = unitVector(values);
        if (unit) return { model, vector: unit };
        throw new AppError('EMBEDDING_INVALID', `body "embeddings.${at}" must not be zero`);
      });
      const nowMs = clock.wallMs();
      const candidates = await gallery.search(probes, Math.max(2, k));
      return {
        model,
        ...thresholds,
        results: candidates.map((each) => {
          const { status, subject, similarity, margin, reason } = judgeCandidates(each, { ...thresholds, nowMs });
          if (subject) gallery.seen(subject.id, nowMs);
          return {
            status: status === 'known' ? status : 'unknown',
            ...{ subject, similarity, margin, reason },
            candidates: viewOfCandidates(each, k),
          } as const;
        }),
      };
    },
  });
}
