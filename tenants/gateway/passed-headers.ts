import type { IncomingMessage } from 'node:http';
import { AppError } from '../../config/app-error.ts';
import type { CallerOrigin } from '../../server/callers/caller-origin.ts';

/** They belong to one connection, and end with it (RFC 9110, 7.6.1); `expect` is answered by the gateway. */
const OF_ONE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What a gateway says of whom it asks for. From a client it is a claim. */
const CLAIM = /^(?:x-forwarded-|forwarded$|x-real-ip$|x-original-|x-rewrite-)/;
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

export interface From {
  readonly origin: CallerOrigin;
  /** What the gateway took off the address: `/attendance`; null on the tenant's own port. */
  readonly prefix: string | null;
}

/**
 * The headers that a tenant is asked with, as name, value, name, value …: those of the client in their order, less what
 * concerns the connection, and what the gateway itself knows of the client.
 *
 * @throws {AppError} REQUEST_INVALID for what two programs could read in two ways.
 */
export function requestHeaders(request: IncomingMessage, { origin, prefix }: From): string[] {
  const { rawHeaders, headers, method = 'GET' } = request;
  const passed: string[] = [];
  const named = namedByConnection(headers.connection);
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] as string, rawHeaders[i + 1] as string];
    const lower = name.toLowerCase();
    if (lower === 'host' && ++hosts > 1) throw new AppError('REQUEST_INVALID', 'the request has more than one Host');
    if (OF_ONE_CONNECTION.has(lower) || CLAIM.test(lower) || named.has(lower) || lower === 'content-length') continue;
    passed.push(name, value);
  }
  passed.push(...lengthOf(headers, method));
  passed.push('x-forwarded-for', origin.address, 'x-forwarded-proto', origin.secure ? 'https' : 'http');
  if (prefix !== null) passed.push('x-forwarded-prefix', prefix);
  return passed;
}

/** The headers of a tenant's answer that go on to the client. Node adds those of the connection. */
export function answerHeaders({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = namedByConnection(headers.connection);
  const passed: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const lower = (rawHeaders[i] as string).toLowerCase();
    if (OF_ONE_CONNECTION.has(lower) || named.has(lower)) continue;
    passed.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
  return passed;
}

/** How long the body is, said once and in one way. */
function lengthOf(headers: IncomingMessage['headers'], method: string): string[] {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  if (coding !== undefined) {
    if (length !== undefined || coding.trim().toLowerCase() !== 'chunked') {
      throw new AppError(
        'REQUEST_INVALID',
        'of Transfer-Encoding only "chunked" is taken, and no Content-Length beside it',
      );
    }
    return ['transfer-encoding', 'chunked'];
  }
  if (length !== undefined) return ['content-length', length];
  // Node would announce a body in chunks, which some routes take for a body of the wrong type.
  return WITHOUT_BODY.has(method) ? [] : ['content-length', '0'];
}

/** A header that `Connection` names goes no further either; those that say whose request it is do. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  const names = connection.toLowerCase().split(',');
  return new Set(names.map((name) => name.trim()).filter((name) => !NEVER_DROPPED.has(name)));
}

const NONE: ReadonlySet<string> = new Set();
const NEVER_DROPPED: ReadonlySet<string> = new Set(['host', 'origin', 'cookie', 'authorization', 'x-api-key']);
