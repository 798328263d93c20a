import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnalysedFace } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalyseOptions } from '../../pipeline/ports.ts';
import { hangUpSignal } from '../hang-up-signal.ts';
import type { ServerParts } from '../server-parts.ts';
import { Admission } from './admission.ts';
import { type DecodedImage, decodeImage } from './decode-image.ts';
import { readPictures } from './read-pictures.ts';

/** Pictures in memory at a time: 8 × (10 MB file + 48 MB of pixels, twice while they are turned). */
const AT_ONCE = 8;
const MAX_WAITING = 32;

interface QueryOptions {
  confidence?: number | undefined;
  nms?: number | undefined;
  max_faces?: number | undefined;
}

/** The way of a picture from a request to its faces, the same for every route that takes one. */
export interface PictureDesk {
  /** Waits for a place, then works; see Admission. The signal fires when the caller hangs up. */
  work<T>(reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  read<N extends string>(request: FastifyRequest, names: readonly N[]): Promise<Record<N, Buffer>>;
  decode(bytes: Buffer, name: string): Promise<DecodedImage>;
  options(query: QueryOptions): AnalyseOptions;
  /** Best first. */
  facesIn(image: PixelImage, options: AnalyseOptions, signal: AbortSignal): Promise<readonly AnalysedFace[]>;
}

export function createPictureDesk({ settings, analyser }: Pick<ServerParts, 'settings' | 'analyser'>): PictureDesk {
  const admission = new Admission({ atOnce: AT_ONCE, maxWaiting: MAX_WAITING });
  const maxBytes = settings.server.maxImageBytes;
  return {
    work: async (reply, work) => {
      const signal = hangUpSignal(reply);
      try {
        return await admission.run(signal, () => work(signal));
      } catch (error) {
        // Whatever the caller's leaving broke on its way is no fault of ours.
        signal.throwIfAborted();
        throw error;
      }
    },
    read: (request, names) => readPictures(request, names, { maxBytes }),
    decode: (bytes, name) => decodeImage(bytes, { name, maxBytes }),
    options: ({ confidence, nms, max_faces: maxFaces }) => ({
      ...(confidence !== undefined && { confidence }),
      ...(nms !== undefined && { nms }),
      ...(maxFaces !== undefined && { maxFaces }),
    }),
    facesIn: async (image, options, signal) => (await analyser.analyse(image, { ...options, signal })).faces,
  };
}
