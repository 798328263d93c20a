import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import { clientEmbedding } from './client-embedding.ts';
import type { ComprefaceDesk } from './compreface-desk.ts';
import {
  embeddingMatchesAnswer,
  embeddingsAnswer,
  embeddingsBody,
  predictionsQuery,
  refusals,
  sourceAndTargetsBody,
} from './compreface-schemas.ts';

/** 65 embeddings of 4096 numbers, written out in full. */
const MAX_JSON_BYTES = 8_388_608;

/** Searching and comparing by embeddings that a client kept (from the plugin `calculator`). */
export function embeddingCalls(app: ServerApp, desk: ComprefaceDesk, { gallery }: Pick<ServerParts, 'gallery'>): void {
  app.route({
    method: 'POST',
    url: '/recognition/embeddings/recognize',
    bodyLimit: MAX_JSON_BYTES,
    config: { access: 'recognize' },
    schema: {
      tags: ['compreface'],
      summary: 'Who embeddings are of',
      querystring: predictionsQuery,
      body: embeddingsBody,
      response: { 200: embeddingsAnswer, ...refusals },
    },
    handler: async (request) => {
      const { embeddings } = request.body;
      const probes = embeddings.map((numbers, index) => clientEmbedding(numbers, `embeddings[${index}]`, gallery));
      const found = await desk.predict(probes, request.query.prediction_count);
      return {
        result: embeddings.map((embedding, index) => ({ embedding, similarities: found[index] ?? [] })),
      };
    },
  });

  app.route({
    method: 'POST',
    url: '/verification/embeddings/verify',
    bodyLimit: MAX_JSON_BYTES,
    config: { access: 'recognize' },
    schema: {
      tags: ['compreface'],
      summary: 'How similar embeddings are to one of them, most similar first',
      body: sourceAndTargetsBody,
      response: { 200: embeddingMatchesAnswer, ...refusals },
    },
    handler: ({ body: { source, targets } }) => {
      const from = clientEmbedding(source, 'source', gallery);
      const result = targets.map((embedding, index) => ({
        embedding,
        similarity: desk.compare(from, clientEmbedding(embedding, `targets[${index}]`, gallery), true),
      }));
      return { result: result.sort((a, b) => b.similarity - a.similarity) };
    },
  });
}
