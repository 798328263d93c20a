import type { FastifyRequest } from 'fastify';
import { AppError } from '../../config/app-error.ts';
import type { PictureDesk } from '../pictures/picture-desk.ts';
import { ComprefaceError } from './compreface-error.ts';

/** What JSON needs beside the pictures: names, quotes, a `data:` prefix. */
const AROUND_BYTES = 4096;
const DATA_URL = /^data:[\w.+-]+\/[\w.+-]+;base64,/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The pictures of a request, as multipart file parts or as JSON with base64, by name.
 *
 * @throws {ComprefaceError} 34, naming the part, and AppErrors of reading a multipart body.
 */
export async function readPicturesOrBase64<N extends string>(
  request: FastifyRequest,
  names: readonly N[],
  { desk, maxBytes }: { desk: Pick<PictureDesk, 'read'>; maxBytes: number },
): Promise<Record<N, Buffer>> {
  if (request.isMultipart()) return desk.read(request, names);
  const stream = request.body as AsyncIterable<Buffer> | undefined;
  if (!stream) throw missing(names[0] as string);
  const text = await readText(stream, Math.ceil(maxBytes / 3) * 4 * names.length + AROUND_BYTES);
  const fields = fieldsOf(text);
  return Object.fromEntries(names.map((name) => [name, bytesOf(fields[name], name)])) as Record<N, Buffer>;
}

async function readText(stream: AsyncIterable<Buffer>, maxLength: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > maxLength) throw new AppError('IMAGE_TOO_LARGE', `the body has more than ${maxLength} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fieldsOf(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // JSON.parse quotes the body in its message, and that is a picture.
    throw new AppError('REQUEST_INVALID', 'the body is not valid JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new AppError('REQUEST_INVALID', 'the body must be a JSON object with the picture as base64');
}

function bytesOf(value: unknown, name: string): Buffer {
  if (value === undefined || value === null || value === '') throw missing(name);
  if (typeof value !== 'string') throw notBase64(name);
  const base64 = value.replace(DATA_URL, '').replace(/\s+/g, '');
  if (base64 === '' || base64.length % 4 === 1 || !BASE64.test(base64)) throw notBase64(name);
  return Buffer.from(base64, 'base64');
}

function missing(name: string): ComprefaceError {
  return new ComprefaceError(34, `Required part ${name} is missing`);
}

function notBase64(name: string): AppError {
  return new AppError('IMAGE_UNSUPPORTED', `${name} is not base64`);
}
