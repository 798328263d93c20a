import { z } from 'zod';
import { AppError } from '../config/app-error.ts';

// What is in an exported gallery: one JSON object a line. The first says what follows, the last how much of it.

const id = z.string().regex(/^[0-9a-f-]{36}$/);
const moment = z.int();

export const archiveHead = z.strictObject({
  format: z.literal('facegate-gallery-1'),
  facegate: z.string(),
  createdAt: z.string(),
  embeddings: z.boolean(),
  images: z.boolean(),
});

export const archiveSubject = z.strictObject({
  id,
  name: z.string(),
  groups: z.array(z.string()),
  notes: z.string(),
  validFromMs: moment.nullable(),
  validUntilMs: moment.nullable(),
  consent: z.strictObject({ by: z.string(), atMs: moment, basis: z.string() }).nullable(),
  createdAtMs: moment,
  changedAtMs: moment,
  lastSeenMs: moment.nullable(),
});

export const archiveFace = z.strictObject({
  id,
  subjectId: id,
  model: z.string().max(200),
  modelVersion: z.string().max(64),
  kind: z.enum(['positive', 'negative']),
  quality: z.number().nullable(),
  source: z.string(),
  createdAtMs: moment,
  imageId: z.string().max(64).nullable(),
  /** Base64 of float32, little-endian; null where embeddings were not asked for. */
  embedding: z.base64().nullable(),
  /** Base64 of a JPEG; null where there is none, it was not asked for, or an earlier face has it. */
  jpeg: z.base64().nullable(),
});

const archiveLine = z.union([
  z.strictObject({ subject: archiveSubject }),
  z.strictObject({ face: archiveFace }),
  z.strictObject({ end: z.strictObject({ subjects: z.int(), faces: z.int() }) }),
]);

export type ArchiveHead = z.infer<typeof archiveHead>;
export type ArchiveSubject = z.infer<typeof archiveSubject>;
export type ArchiveFace = z.infer<typeof archiveFace>;
export type ArchiveLine = z.infer<typeof archiveLine>;

/** A picture of 10 MB as base64, and what stands beside it. */
const LONGEST_LINE = 16_000_000;

/**
 * Reads an exported gallery line by line.
 *
 * @throws {AppError} ARCHIVE_INVALID when it is none, or not whole.
 */
export async function* readArchive(
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ head: ArchiveHead } | ArchiveLine> {
  let number = 0;
  let ended = false;
  const counted = { subjects: 0, faces: 0 };
  for await (const text of linesOf(content)) {
    number += 1;
    if (number === 1) {
      yield { head: parsed(archiveHead, text, number) };
      continue;
    }
    if (ended) throw invalid(`line ${number} comes after its end`);
    const line = parsed(archiveLine, text, number);
    if ('subject' in line) counted.subjects += 1;
    else if ('face' in line) counted.faces += 1;
    else {
      ended = true;
      const { subjects, faces } = line.end;
      if (subjects !== counted.subjects || faces !== counted.faces) {
        throw invalid(
          `it says ${subjects} subjects and ${faces} faces, and holds ${counted.subjects} and ${counted.faces}`,
        );
      }
    }
    yield line;
  }
  if (!ended) throw invalid('its end is missing');
}

function parsed<T>(schema: z.ZodType<T>, text: string, number: number): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    // Never the line itself: it holds people.
    throw invalid(`line ${number} is not what facegate writes`, cause);
  }
}

function invalid(why: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_INVALID', `the archive is no whole gallery: ${why}`, { cause });
}

async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of content) {
    let begin = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
      waiting.push(bytes.subarray(begin, end));
      yield Buffer.concat(waiting).toString('utf8');
      waiting = [];
      length = 0;
      begin = end + 1;
    }
    if (begin === bytes.length) continue;
    waiting.push(bytes.subarray(begin));
    length += bytes.length - begin;
    if (length > LONGEST_LINE) throw invalid('a line is too long');
  }
  if (waiting.length > 0) yield Buffer.concat(waiting).toString('utf8');
}
