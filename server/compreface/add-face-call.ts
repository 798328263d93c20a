import { AppError } from '../../config/app-error.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { callerName } from '../callers/caller-name.ts';
import type { ServerApp } from '../server-app.ts';
import type { ServerParts } from '../server-parts.ts';
import type { ComprefaceDesk } from './compreface-desk.ts';
import { addFaceQuery, faceAnswer, picturesOrBase64Body, refusals } from './compreface-schemas.ts';

interface NamedEnrolment {
  name: string;
  by: string;
  image: PixelImage;
  confidence?: number;
  force: boolean;
}

/** How often a subject may vanish under its own enrolment before that is an error. */
const ATTEMPTS = 3;

/** Enrolling a face under a name; whoever has no subject yet gets one, as in CompreFace. */
export function addFaceCall(
  app: ServerApp,
  desk: ComprefaceDesk,
  { gallery, enrol, audit }: Pick<ServerParts, 'gallery' | 'enrol' | 'audit'>,
): void {
  app.route({
    method: 'POST',
    url: '/recognition/faces',
    config: { access: 'enroll' },
    schema: {
      tags: ['compreface'],
      summary: 'Enrols the one face of a picture',
      description:
        'The face must be fit to be recognised and must not look like another subject (26, with the reason).',
      consumes: ['multipart/form-data', 'application/json'],
      querystring: addFaceQuery,
      body: picturesOrBase64Body('file'),
      response: { 201: faceAnswer, ...refusals },
    },
    handler: (request, reply) =>
      desk.work(reply, async () => {
        const { subject: name, det_prob_threshold: confidence, force } = request.query;
        const { file } = await desk.read(request, ['file']);
        const image = await desk.decode(file, 'file');
        const by = callerName(request);
        const added = await enrolNamed({ name, by, image, force, ...(confidence !== undefined && { confidence }) });
        return reply.code(201).send(added);
      }),
  });

  async function enrolNamed(wanted: NamedEnrolment) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await tryToEnrol(wanted);
      } catch (error) {
        // Another picture of the same new person was refused meanwhile, and took the empty subject with it.
        const vanished = error instanceof AppError && error.code === 'SUBJECT_NOT_FOUND';
        if (!vanished || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async function tryToEnrol({ name, by, ...picture }: NamedEnrolment) {
    const known = gallery.subjectNamed(name);
    const subject = known ?? gallery.createSubject({ name });
    if (!known) audit.record({ action: 'subject.created', by, subject: subject.id, details: {} });
    try {
      const { templateId } = await enrol({ ...picture, subjectId: subject.id, source: 'upload' });
      const details = { face: templateId, kind: 'positive', forced: picture.force };
      audit.record({ action: 'template.added', by, subject: subject.id, details });
      return { image_id: templateId, subject: subject.name };
    } catch (error) {
      if (!known) forgetIfEmpty(subject.id, by);
      throw error;
    }
  }

  /** A name that came with a bad picture only is not left behind. */
  function forgetIfEmpty(id: string, by: string): void {
    if (gallery.templates(id).length > 0) return;
    gallery.removeSubject(id);
    audit.record({ action: 'subject.deleted', by, subject: id, details: { reason: 'nothing was enrolled' } });
  }
}
