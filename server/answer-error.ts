import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { AppError } from '../config/app-error.ts';

/** Seconds; what a busy server asks its callers to wait. */
const RETRY_AFTER_S = 1;

export interface ErrorBody {
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

/** The one shape of every error. What went wrong inside stays in the log. */
export function errorBody(error: AppError): ErrorBody {
  if (error.code === 'INTERNAL') {
    return { code: 'INTERNAL', message: 'facegate met a defect of its own; its log says more' };
  }
  return { code: error.code, message: error.message, ...(error.details && { details: error.details }) };
}

/** Fastify's error handler. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = toAppError(error);
  noteError(known, request, reply);
  void reply
    .code(known.status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(known)));
}

/** What every error needs, whatever its body looks like: a line in the log where it is ours, and the headers that go with it. */
export function noteError(known: AppError, request: FastifyRequest, reply: FastifyReply): void {
  // Of a full data folder there is one line, when it became full.
  if (known.status >= 500 && known.status !== 503 && known.code !== 'DISK_LIMIT') {
    const cause = known.cause ?? known;
    request.log.error({ code: known.code, err: cause }, `${request.method} ${request.routeOptions.url ?? ''} failed`);
  }
  if (known.status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  if (known.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer realm="facegate"');
  // A body that was not read to its end would be taken for the next request.
  if (known.code === 'SHUTTING_DOWN') reply.header('connection', 'close');
}

/** Translates what Fastify, its plugins and our own parts throw. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error as FastifyError & ZodFailure);
  const { code, statusCode, message } = (error ?? {}) as Partial<FastifyError>;
  switch (code) {
    case 'FST_REQ_FILE_TOO_LARGE':
    case 'FST_FILES_LIMIT':
      return new AppError('IMAGE_TOO_LARGE', 'the request carries more or larger files than are taken', {
        cause: error,
      });
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('REQUEST_INVALID', 'the body is larger than this request may be', { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('REQUEST_INVALID', 'the content type of the body is not one that this request takes', {
        cause: error,
      });
    case 'FST_ERR_NOT_FOUND':
      return new AppError('NOT_FOUND', 'there is nothing at that address', { cause: error });
  }
  // Fastify's and busboy's words about a malformed request hold nothing but what the caller sent.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AppError('REQUEST_INVALID', message ?? 'the request is malformed', { cause: error });
  }
  if (error instanceof Error && /multipart|end of form|boundary/i.test(error.message) && !statusCode) {
    return new AppError('REQUEST_INVALID', `the multipart body is malformed: ${error.message}`, { cause: error });
  }
  return new AppError('INTERNAL', 'defect', { cause: error });
}

interface ZodFailure {
  validation: { instancePath: string; message?: string; params: { errors?: unknown } }[];
  validationContext?: string;
}

/** Zod's own words about a request without a body name a value that nobody sent. */
function expected(message: string | undefined, field: string): string {
  if (message === undefined) return 'is not valid';
  return field === '' && message.startsWith('Invalid input: expected object') ? 'must be a JSON object' : message;
}

const PLACES: Record<string, string> = { querystring: 'query', params: 'path', headers: 'header', body: 'body' };

function invalidRequest({ validation, validationContext }: ZodFailure): AppError {
  const place = PLACES[validationContext ?? ''] ?? 'request';
  const problems = validation.map(({ instancePath, message }) => {
    const field = instancePath.slice(1).replaceAll('/', '.');
    return { in: place, field, message: expected(message, field) };
  });
  const text = problems.map((p) => [p.in, p.field && `"${p.field}"`, p.message].filter(Boolean).join(' ')).join('; ');
  return new AppError('REQUEST_INVALID', text, { details: { problems } });
}
