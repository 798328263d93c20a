import type { FastifyRequest } from 'fastify';
import { AppError } from '../../config/app-error.ts';
import type { AnalysedFace, Embedding, Probe } from '../../pipeline/face.ts';
import { judgeCandidates } from '../../pipeline/judge-candidates.ts';
import type { AnalyseOptions } from '../../pipeline/ports.ts';
import { cosineOf } from '../pictures/compare-faces.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import type { ServerParts } from '../server-parts.ts';
import type { PictureQuery } from './compreface-schemas.ts';
import { similarityCurve, toldSimilarity } from './compreface-similarity.ts';
import type { Look } from './found-face.ts';
import { readPicturesOrBase64 } from './read-pictures-or-base64.ts';

interface NamedSimilarity {
  subject: string;
  similarity: number;
}

/** What the routes of pictures and embeddings share: from bytes to faces, from faces to who they are. */
export interface ComprefaceDesk {
  /** Waits for a place, then works; the signal fires when the caller hangs up. */
  readonly work: PictureDesk['work'];
  read<N extends string>(request: FastifyRequest, names: readonly N[]): Promise<Record<N, Buffer>>;
  decode: PictureDesk['decode'];
  /** @throws {AppError} FACE_NOT_FOUND, and what decoding and the networks throw. */
  look(picture: Buffer, name: string, query: PictureQuery, options: AnalyseOptions): Promise<Look>;
  /** The `count` most similar subjects of each, best first. */
  predict(embeddings: readonly Probe[], count: number): Promise<NamedSimilarity[][]>;
  /** How similar two embeddings are; recognised from the threshold on, where both faces are `fit`. */
  compare(a: Embedding, b: Embedding, fit: boolean): number;
  /** … and a face and an enrolled one, which may be of the previous model. */
  compareEnrolled(enrolled: Embedding, face: Probe, fit: boolean): number;
}

export function createComprefaceDesk(
  desk: PictureDesk,
  parts: Pick<ServerParts, 'settings' | 'analyser' | 'compare' | 'gallery' | 'thresholds' | 'clock'>,
): ComprefaceDesk {
  const { analyser, compare, gallery, thresholds, clock } = parts;
  const curve = similarityCurve(compare);
  const told = (cosine: number, fit: boolean) => toldSimilarity(curve, cosine, fit && cosine >= compare.threshold);
  const { maxImageBytes: maxBytes } = parts.settings.server;
  return {
    work: desk.work,
    read: (request, names) => readPicturesOrBase64(request, names, { desk, maxBytes }),
    decode: desk.decode,
    async look(picture, name, { limit, det_prob_threshold: confidence }, options) {
      const image = await desk.decode(picture, name);
      const { faces, timings } = await analyser.analyse(image, {
        ...options,
        ...(confidence !== undefined && { confidence }),
      });
      if (faces.length === 0) {
        throw new AppError('FACE_NOT_FOUND', `no face was found in ${name}`, { details: { image: name } });
      }
      const largestFirst = [...faces].sort((a, b) => areaOf(b) - areaOf(a));
      return { image, timings, found: faces.length, faces: limit > 0 ? largestFirst.slice(0, limit) : largestFirst };
    },
    async predict(embeddings, count) {
      if (embeddings.length === 0) return [];
      // Two at least: the second one decides whether the first is far enough ahead.
      const found = await gallery.search(embeddings, Math.max(2, count));
      const nowMs = clock.wallMs();
      return found.map((candidates) => {
        const { subject } = judgeCandidates(candidates, { ...thresholds, nowMs });
        if (subject) gallery.seen(subject.id, nowMs);
        return candidates.slice(0, count).map(({ subjectId, name, similarity }) => ({
          subject: name,
          similarity: toldSimilarity(curve, similarity, subjectId === subject?.id),
        }));
      });
    },
    compare(a, b, fit) {
      return told(cosineOf(a, b), fit);
    },
    compareEnrolled(enrolled, face, fit) {
      const cosine = gallery.similarity(enrolled, face);
      return cosine === null ? 0 : told(cosine, fit);
    },
  };
}

function areaOf({ box: [x1, y1, x2, y2] }: AnalysedFace): number {
  return (x2 - x1) * (y2 - y1);
}
