import { AppError } from '../config/app-error.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import type { FaceAnalyser } from '../pipeline/ports.ts';
import { fitFace } from './fit-face.ts';
import type { Subject, Template } from './subject.ts';
import type { SubjectGallery } from './subject-gallery.ts';

export interface ReembedOptions {
  gallery: Pick<SubjectGallery, 'templatesToReembed' | 'image' | 'reembed' | 'subjects'>;
  analyser: Pick<FaceAnalyser, 'analyse'>;
  /** From a kept picture to its pixels. */
  decode: (jpeg: Buffer) => Promise<PixelImage>;
  /** What the settings ask of a face; named in the message of a refusal. */
  required?: { minFacePx?: number; quality?: number };
  /** Pictures in work at once. Default 4. */
  atOnce?: number;
  onProgress?: (done: number, total: number) => void;
  /** After each new template. */
  onReembedded?: (template: Template) => void;
}

export interface ReembedReport {
  readonly done: number;
  /** Pictures of which nothing was made, and why. */
  readonly refused: readonly { readonly template: Template; readonly why: string }[];
  /** Those who cannot be recognised now: all their templates are of other models. */
  readonly unrecognisable: readonly Subject[];
}

/**
 * Enrols every kept picture again for the gallery's model, beside the templates of other models, which stay. What is done
 * already is left alone, so that it goes on where it was cut off.
 *
 * @throws {AppError} what the gallery and the analyser throw, except of a single picture.
 */
export async function reembed(options: ReembedOptions): Promise<ReembedReport> {
  const { gallery, analyser, decode, required, atOnce = 4, onProgress } = options;
  const templates = gallery.templatesToReembed();
  const waiting = templates[Symbol.iterator]();
  const refused: { template: Template; why: string }[] = [];
  let done = 0;
  let failed = false;
  const work = async () => {
    for (const template of waiting) {
      if (failed) return;
      try {
        const image = await decode(gallery.image(template.id));
        const { embedding, quality } = await fitFace({ analyser, image, ...(required && { required }) });
        const made = gallery.reembed(template.id, { embedding, quality });
        options.onReembedded?.(made);
        done += 1;
      } catch (error) {
        const known = AppError.from(error);
        if (!isOfPicture(known)) {
          failed = true;
          throw error;
        }
        refused.push({ template, why: known.message });
      }
      onProgress?.(done + refused.length, templates.length);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, work));
  const failure = ended.find((each) => each.status === 'rejected');
  if (failure) throw failure.reason;
  const unrecognisable = gallery.subjects().filter((subject) => subject.templates === 0 && subject.notSearched > 0);
  return { done, refused, unrecognisable };
}

/** Whether another picture could do better. The subject of one may have been deleted meanwhile. */
function isOfPicture({ status }: AppError): boolean {
  return status >= 400 && status < 500;
}
