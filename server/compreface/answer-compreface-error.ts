import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../config/error-codes.ts';
import { noteError, toAppError } from '../answer-error.ts';
import { ComprefaceError, IS_MISSING } from './compreface-error.ts';

/** An error as CompreFace's clients know it. */
interface Answer {
  message: string;
  code: number;
  status: number;
}

/**
 * Our codes in CompreFace's numbers, with its HTTP statuses, and its own words where its clients compare them. Whatever it
 * has no number for is 0, with the status that it has everywhere else in facegate.
 */
const NUMBERS: Partial<Record<ErrorCode, readonly [number: number, status: number, words?: string]>> = {
  FACE_NOT_FOUND: [28, 400, 'No face is found in the given image'],
  FACE_NOT_UNIQUE: [31, 400, 'More than one face in the source image'],
  REQUEST_INVALID: [26, 400],
  FACE_UNFIT: [26, 400],
  SUBJECT_COLLISION: [26, 400],
  SUBJECT_NOT_FOUND: [42, 404],
  SUBJECT_EXISTS: [43, 400, 'Subject already exists'],
  TEMPLATE_NOT_FOUND: [44, 404],
  IMAGE_NOT_KEPT: [11, 404],
  IMAGE_MISSING: [34, 400],
  IMAGE_UNSUPPORTED: [21, 400],
  IMAGE_CORRUPT: [21, 400],
  EMBEDDING_INVALID: [36, 400],
  EMBEDDING_MISMATCH: [36, 400],
  UNAUTHENTICATED: [10, 404, 'no valid API key came with the request, or it was revoked'],
};

/** What the networks and the gallery fail with is CompreFace's 41: "the face service failed". */
const FACE_SERVICE = /^(INFERENCE|GALLERY|ALIGN|AUDIT)_/;

/** Fastify's error handler of everything under /api/v1. */
export function answerComprefaceError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = toAppError(error);
  noteError(known, request, reply);
  const { status, message, code } = comprefaceAnswer(known, request);
  // A 404 that asks for credentials would only confuse.
  reply.removeHeader('www-authenticate');
  void reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify({ message, code }));
}

function comprefaceAnswer(error: AppError, request: FastifyRequest): Answer {
  if (error instanceof ComprefaceError) return { message: error.message, code: error.number, status: 400 };
  if (error.code === 'UNAUTHENTICATED' && !request.headers['x-api-key']) {
    return { message: 'Missing header: x-api-key', code: 20, status: 400 };
  }
  const missing = problemsOf(error).find(({ message }) => message === IS_MISSING);
  if (missing) return { message: `Required parameter ${missing.field} is missing`, code: 33, status: 400 };
  const found = NUMBERS[error.code];
  if (found) {
    const [code, status, words] = found;
    return { message: words ?? error.message, code, status };
  }
  const { status } = error;
  if (status < 500) return { message: error.message, code: 0, status };
  // What broke inside is for the log: clients get the sentence that stands in docs/errors.md.
  const { means } = ERROR_CODES[error.code];
  if (!FACE_SERVICE.test(error.code)) return { message: means, code: 0, status };
  return { message: `${error.code}: ${means}`, code: 41, status: status === 503 ? 503 : 500 };
}

/** What the schemas had against a request. */
function problemsOf({ details }: AppError): { field: string; message: string }[] {
  return Array.isArray(details?.problems) ? details.problems : [];
}
