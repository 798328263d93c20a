import { ApiError } from './api-error.ts';
import { ownAddress } from './own-address.ts';

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** A plain object is sent as JSON, a FormData as multipart. */
  body?: object;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Whether the body of a status beside 2xx is an answer all the same, not an error. */
  accept?: (status: number, body: unknown) => boolean;
  /** Goes out even while others are held back. */
  ahead?: boolean;
}

let onUnauthenticated: () => void = () => {};
let heldUntil: Promise<void> | null = null;

/** Holds every call back while `work` runs, but those that go ahead: what would be refused meanwhile is asked afterwards. */
export async function holdCalls<T>(work: () => Promise<T>): Promise<T> {
  const running = work();
  const over = running.then(
    () => undefined,
    () => undefined,
  );
  heldUntil = over;
  try {
    return await running;
  } finally {
    if (heldUntil === over) heldUntil = null;
  }
}

/** Called whenever the server says that no valid session came along. */
export function whenUnauthenticated(listener: () => void): void {
  onUnauthenticated = listener;
}

/**
 * One request to the server that served this page, with its cookie.
 * @throws {ApiError} with the server's own code and message, UNREACHABLE, TIMEOUT or BAD_ANSWER.
 */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const { response, body: text } = await ask(path, options, (answer) => answer.text());
  const answer = parse(text);
  if (response.ok || options.accept?.(response.status, answer)) {
    if (answer === undefined && text !== '') {
      throw new ApiError('BAD_ANSWER', response.status, 'The server’s answer was not understood.');
    }
    return answer as T;
  }
  throw refusal(path, response, answer);
}

/** The same for an answer that is a file. */
export async function callFile(path: string, options: CallOptions = {}): Promise<{ headers: Headers; file: Blob }> {
  const { response, body: file } = await ask(path, options, (answer) => answer.blob());
  if (!response.ok) throw refusal(path, response, parse(await file.text()));
  return { headers: response.headers, file };
}

async function ask<T>(
  path: string,
  options: CallOptions,
  read: (response: Response) => Promise<T>,
): Promise<{ response: Response; body: T }> {
  if (heldUntil && !options.ahead) await heldUntil;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000);
  const isForm = options.body instanceof FormData;
  try {
    const response = await fetch(ownAddress(path), {
      method: options.method ?? 'GET',
      credentials: 'same-origin',
      cache: 'no-store',
      headers: {
        accept: 'application/json',
        ...(options.body && !isForm ? { 'content-type': 'application/json' } : {}),
      },
      body: options.body ? (isForm ? (options.body as FormData) : JSON.stringify(options.body)) : null,
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
    return { response, body: await read(response) };
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw timeout.aborted
      ? new ApiError('TIMEOUT', 0, 'The server did not answer in time.')
      : new ApiError('UNREACHABLE', 0, 'The server cannot be reached.');
  }
}

function refusal(path: string, response: Response, answer: unknown): ApiError {
  const said = answer as { code?: unknown; message?: unknown; details?: unknown } | undefined;
  const code = typeof said?.code === 'string' ? said.code : `HTTP_${response.status}`;
  const message =
    typeof said?.message === 'string' ? said.message : `The server answered with status ${response.status}.`;
  if (response.status === 401 && path !== '/session') onUnauthenticated();
  const retryAfter = Number(response.headers.get('retry-after'));
  const details = typeof said?.details === 'object' && said.details !== null ? said.details : {};
  return new ApiError(code, response.status, message, retryAfter > 0 ? retryAfter : null, { ...details });
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
