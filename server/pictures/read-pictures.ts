import type { FastifyRequest } from 'fastify';
import { AppError } from '../../config/app-error.ts';

const MAX_PARTS = 16;
const MAX_FIELD_BYTES = 4096;

/**
 * The file parts of a multipart request, by name.
 *
 * @throws {AppError} REQUEST_INVALID when it is no multipart request; IMAGE_MISSING, naming the part; IMAGE_TOO_LARGE.
 */
export async function readPictures<N extends string>(
  request: FastifyRequest,
  names: readonly N[],
  o: { maxBytes: number },
): Promise<Record<N, Buffer>> {
  if (!request.isMultipart()) {
    throw new AppError('REQUEST_INVALID', `the body must be multipart/form-data with a file part ${quoted(names)}`);
  }
  const found = new Map<string, Buffer>();
  const parts = request.parts({
    limits: { fileSize: o.maxBytes, files: MAX_PARTS, parts: MAX_PARTS, fieldSize: MAX_FIELD_BYTES },
  });
  for await (const part of parts) {
    if (part.type !== 'file') continue;
    if (!(names as readonly string[]).includes(part.fieldname)) {
      part.file.resume();
      continue;
    }
    if (found.has(part.fieldname)) {
      throw new AppError('REQUEST_INVALID', `the file part "${part.fieldname}" came more than once`);
    }
    found.set(part.fieldname, await readPart(part, o.maxBytes));
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new AppError('IMAGE_MISSING', `the request has no file part ${quoted(missing)}`);
  }
  return Object.fromEntries(found) as Record<N, Buffer>;
}

async function readPart(part: { fieldname: string; toBuffer(): Promise<Buffer> }, maxBytes: number): Promise<Buffer> {
  try {
    return await part.toBuffer();
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'FST_REQ_FILE_TOO_LARGE') throw cause;
    throw new AppError('IMAGE_TOO_LARGE', `${part.fieldname} has more than ${maxBytes} bytes`, { cause });
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(' and ');
}
