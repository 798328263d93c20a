import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

export interface AppErrorOptions {
  cause?: unknown;
  /** Facts for machines, sent beside code and message. Never a credential, a picture or an embedding. */
  details?: Record<string, unknown>;
}

/**
 * The one error that facegate throws on purpose. `message` is for people: it names the thing, says what was expected and
 * what was got, and holds no credential. `code` is for programs.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details;
  }

  /** The HTTP status this error becomes at the server's edge. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** `error` itself where it is an AppError, else one of code `code` with `error` as its cause. */
  static from(error: unknown, code: ErrorCode = 'INTERNAL', message?: string): AppError {
    if (error instanceof AppError) return error;
    const said = error instanceof Error ? error.message : String(error);
    return new AppError(code, message ?? said, { cause: error });
  }
}

/** A camera, file or device that could not be read; `code` is one of the STREAM codes for what the stream itself did. */
export class SourceError extends AppError {}
