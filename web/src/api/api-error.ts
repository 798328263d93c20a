/** A call that did not succeed. `message` is fit to be shown; `status` 0 means that the server could not be reached. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** Seconds, from Retry-After; null where the answer named none. */
  readonly retryAfter: number | null;
  /** What the code speaks of, as docs/errors.md says. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    status: number,
    message: string,
    retryAfter: number | null = null,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.details = details;
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** What to show for anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'Something went wrong.';
}
