import type { ArchiveFace, ArchiveHead, ArchiveLine, ArchiveSubject } from './archive-records.ts';
import type { GalleryDatabase } from './gallery-database.ts';
import type { SubjectRow, TemplateDetails } from './gallery-rows.ts';

export interface ExportOptions {
  database: Pick<GalleryDatabase, 'readAll' | 'templates' | 'embedding' | 'image'>;
  version: string;
  nowMs: number;
  embeddings: boolean;
  images: boolean;
  onProgress?: (done: number, total: number) => void;
}

export interface ExportReport {
  subjects: number;
  faces: number;
  /** Ids of faces whose embedding or picture does not open, and which are left out. */
  damaged: string[];
}

/** No template is of it: with it, everything is read without an embedding. */

/**
 * The gallery as lines of JSON, in clear: to be sealed on its way to a disk. Faces come with embeddings or pictures that are
 * asked for only, and not at all where neither is.
 *
 * @param report filled as the lines are taken.
 * @throws {AppError} GALLERY_UNAVAILABLE
 */
export function* exportGallery(options: ExportOptions, report: ExportReport): Generator<Buffer> {
  const { database, embeddings, images } = options;
  const head: ArchiveHead = {
    format: 'facegate-gallery-1',
    facegate: options.version,
    createdAt: new Date(options.nowMs).toISOString(),
    embeddings,
    images,
  };
  yield line(head);
  const known = new Set<string>();
  const subjects: SubjectRow[] = [];
  database.readAll(new Set(), { subject: (row) => subjects.push(row), template: () => undefined });
  for (const subject of subjects) {
    known.add(subject.id);
    report.subjects += 1;
    yield line({ subject: subjectOf(subject) });
  }
  const templates = embeddings || images ? database.templates() : [];
  const shown = new Set<string>();
  for (const [at, template] of templates.entries()) {
    options.onProgress?.(at, templates.length);
    // Enrolled since the subjects were read.
    if (!known.has(template.subjectId)) continue;
    const face = faceOf(template, options, shown);
    if (face === null) continue;
    if (face === 'damaged') {
      report.damaged.push(template.id);
      continue;
    }
    report.faces += 1;
    yield line({ face });
  }
  options.onProgress?.(templates.length, templates.length);
  yield line({ end: { subjects: report.subjects, faces: report.faces } });
}

function subjectOf({ damaged: _, groups, ...subject }: SubjectRow): ArchiveSubject {
  return { ...subject, groups: [...groups] };
}

/** @param shown pictures that were given out already. @returns null where there is nothing of it to be given. */
function faceOf(template: TemplateDetails, o: ExportOptions, shown: Set<string>): ArchiveFace | 'damaged' | null {
  const { imageId } = template;
  const embedding = o.embeddings ? o.database.embedding(template.id) : null;
  if (o.embeddings && embedding === null) return 'damaged';
  const wanted = o.images && imageId !== null;
  const image = wanted && !shown.has(imageId) ? o.database.image(imageId) : null;
  if (image === 'damaged') return 'damaged';
  if (wanted) shown.add(imageId);
  if (!o.embeddings && (image === null || image === 'missing')) return null;
  return {
    ...template,
    imageId: wanted ? imageId : null,
    embedding: embedding && Buffer.from(embedding).toString('base64'),
    jpeg: image === null || image === 'missing' ? null : image.toString('base64'),
  };
}

function line(value: ArchiveHead | ArchiveLine): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
}
