import type { AppError } from '../config/app-error.ts';
import type { Candidate, Probe } from '../pipeline/face.ts';
import type { TemplateKind } from './subject.ts';
import { subjectCollision } from './subject-collision.ts';
import type { SubjectGallery } from './subject-gallery.ts';

/** What the face is enrolled into, and how it is judged against those who are there. */
export interface EnrolmentTerms {
  gallery: Pick<SubjectGallery, 'subject' | 'addTemplate' | 'search'>;
  subjectId: string;
  /** Where the picture came from, for people: a file name, `upload`, a camera. */
  source: string;
  /** Cosine from which a face is taken for a subject, −1..1. */
  threshold: number;
  /** `negative`: this is *not* the subject, though it looks like it (a look-alike, a poster). Default `positive`. */
  kind?: TemplateKind;
  /** Enrol it though it looks like somebody else. Default false. */
  force?: boolean;
}

export interface EnrolFaceOptions extends EnrolmentTerms {
  face: { embedding: Probe; quality: number | null };
  /** A JPEG of the face with its surroundings, kept where images are kept. */
  picture?: Buffer | null;
}

export interface EnrolledTemplate {
  readonly templateId: string;
  /** Cosine to the subject as it was before, by its best template; null where it is not among those most similar. */
  readonly resemblance: number | null;
  /** What to know of it, a sentence; null where there is nothing. */
  readonly note: string | null;
}

/** Whoever is further down the list than this is not who the face looks like. */
const CANDIDATES = 50;
/** For each gallery the face that is being judged and added. */
const turns = new WeakMap<object, Promise<unknown>>();

/**
 * Adds a face that was found fit to a subject, unless it looks like another one: under two names nobody would be recognised
 * any more, since neither is ahead of the other. A look-alike whom the other subject's negative templates tell apart is no
 * collision, nor is a negative template ever one.
 *
 * Faces of one gallery are judged and added one after the other, so that of two equal ones the second is refused.
 *
 * @throws {AppError} SUBJECT_NOT_FOUND; SUBJECT_COLLISION, with `details.subject` and `details.similarity`; what the gallery
 * throws.
 */
export async function enrolFace(options: EnrolFaceOptions): Promise<EnrolledTemplate> {
  const { gallery } = options;
  const before = turns.get(gallery) ?? Promise.resolve();
  const turn = before.then(
    () => judgeAndAdd(options),
    () => judgeAndAdd(options),
  );
  turns.set(gallery, turn);
  return turn;
}

/**
 * The refusal of a face that looks like a subject other than the one it is to go to; null where it looks like nobody else.
 *
 * @param o.subjectId null while that subject is not made yet.
 * @param o.name of that subject, for the message.
 */
export async function collisionWith(
  gallery: Pick<SubjectGallery, 'search'>,
  embedding: Probe,
  o: { subjectId: string | null; name: string; threshold: number },
): Promise<AppError | null> {
  const [candidates = []] = await gallery.search([embedding], CANDIDATES);
  return collisionAmong(candidates, o);
}

async function judgeAndAdd(options: EnrolFaceOptions): Promise<EnrolledTemplate> {
  const { gallery, subjectId, face, source, threshold, kind = 'positive', force = false, picture } = options;
  const { embedding, quality } = face;
  const [candidates = []] = await gallery.search([embedding], CANDIDATES);
  const subject = gallery.subject(subjectId);
  const collision = collisionAmong(candidates, { subjectId, name: subject.name, threshold });
  if (collision && kind === 'positive' && !force) throw collision;
  const resemblance = candidates.find((candidate) => candidate.subjectId === subjectId)?.similarity ?? null;
  const { id } = gallery.addTemplate(subjectId, {
    embedding,
    quality,
    source,
    kind,
    ...(picture && { image: picture }),
  });
  const note = kind === 'negative' ? idleNegative(subject, resemblance, threshold) : null;
  return { templateId: id, resemblance, note };
}

function collisionAmong(
  candidates: readonly Candidate[],
  { subjectId, name, threshold }: { subjectId: string | null; name: string; threshold: number },
): AppError | null {
  const other = candidates.find((candidate) => candidate.subjectId !== subjectId && isTakenFor(candidate, threshold));
  if (!other) return null;
  const { subjectId: id, similarity } = other;
  return subjectCollision({ name, other: { id, name: other.name }, similarity, threshold });
}

function isTakenFor({ similarity, negativeSimilarity }: Candidate, threshold: number): boolean {
  return similarity >= threshold && !(negativeSimilarity !== null && negativeSimilarity >= similarity);
}

/** A negative template changes an answer only where the face would be taken for the subject. */
function idleNegative(
  { name, templates }: { name: string; templates: number },
  resemblance: number | null,
  threshold: number,
): string | null {
  if (templates === 0) return `"${name}" has no enrolled face yet, so this one does not matter yet`;
  if (resemblance !== null && resemblance >= threshold) return null;
  const measured =
    resemblance === null ? '' : `: similarity ${resemblance.toFixed(2)}, threshold ${threshold.toFixed(2)}`;
  return `the face is not taken for "${name}"${measured}; it does not matter yet`;
}
