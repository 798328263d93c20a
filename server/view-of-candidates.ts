import { z } from 'zod';
import type { Candidate, IdentifiedFace } from '../pipeline/face.ts';

const subjectRef = z.object({ id: z.string(), name: z.string() });

/** Beside the answers: what they were judged by. */
export const recognitionFields = {
  model: z.string().describe('the embedder'),
  threshold: z.number().describe('cosine that a known face reaches'),
  margin: z.number().describe('cosine by which it is ahead of the second subject'),
};

/** Who somebody is. */
export const identityFields = <S extends IdentifiedFace['status']>(statuses: [S, ...S[]]) => ({
  status: z.enum(statuses),
  subject: subjectRef.nullable().describe('null unless `known`'),
  similarity: z.number().nullable().describe('cosine to the best subject; null where nothing was compared'),
  margin: z.number().nullable().describe('how far the best subject is ahead of the second one'),
  reason: z
    .string()
    .nullable()
    .describe('why not known: `threshold`, `negative`, `margin`, `expired`, `empty_gallery`, or what makes it unfit'),
});

export const candidateView = z
  .object({ subject: subjectRef, similarity: z.number().describe('cosine to the best of its faces') })
  .meta({ id: 'Candidate' });

export function viewOfCandidates(candidates: readonly Candidate[], most: number): z.input<typeof candidateView>[] {
  return candidates
    .slice(0, most)
    .map(({ subjectId: id, name, similarity }) => ({ subject: { id, name }, similarity }));
}
