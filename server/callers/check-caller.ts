import type { FastifyRequest } from 'fastify';
import { isLoopbackAddress } from '../../config/address-range.ts';
import { AppError } from '../../config/app-error.ts';

/** What a request says of where it comes from. */
export interface Caller {
  /** The Host header, with its port. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site and Sec-Fetch-Mode, which browsers add and pages cannot forge. */
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  readonly remoteAddress: string;
}

export function callerOf({ headers, from }: FastifyRequest): Caller {
  const { host, origin } = headers;
  const [fetchSite, fetchMode] = [headers['sec-fetch-site'], headers['sec-fetch-mode']].map((value) =>
    value?.toString(),
  );
  return { host, origin, fetchSite, fetchMode, remoteAddress: from.address };
}

export interface CallerRules {
  /** There is no key: whoever gets through here may do everything. */
  readonly keyless: boolean;
  /** The server speaks TLS itself. */
  readonly tls: boolean;
  /** Extra names for the Host header (`settings.server.hosts`). */
  readonly hosts: readonly string[];
  /** Extra origins whose pages may call (`settings.server.origins`). */
  readonly origins: readonly string[];
}

const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Keeps pages of other origins away from the server, and without any key everybody who is not this machine.
 *
 * Host: a page whose own name was pointed at 127.0.0.1 (DNS rebinding) is of our origin for the browser; its Host header
 * still carries its name. With keys such a page has no cookie, and Host may be any name that the machine is known by.
 *
 * @throws {AppError} HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED or UNAUTHENTICATED.
 */
export function checkCaller(caller: Caller, rules: CallerRules): void {
  if (rules.keyless) {
    if (!isLoopbackAddress(caller.remoteAddress)) {
      throw new AppError('UNAUTHENTICATED', 'facegate has no key yet and answers its own machine only');
    }
    checkHost(caller.host, rules.hosts);
  }
  checkOrigin(caller, rules);
}

function checkHost(host: string | undefined, extra: readonly string[]): void {
  const name = hostName(host);
  // Any port: a tunnel or a container may show us under another one. A foreign page can't choose the name.
  if (name !== null && (OWN_NAMES.includes(name) || extra.some((allowed) => sameHost(allowed, name, host)))) return;
  throw new AppError(
    'HOST_NOT_ALLOWED',
    'the Host header names a host that facegate does not answer for; add it to server.hosts if it is yours',
  );
}

function hostName(host: string | undefined): string | null {
  if (host === undefined) return null;
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/@\\[\]]+)(?::\d{1,5})?$/i.exec(host);
  return match ? (match[1] as string).toLowerCase() : null;
}

function sameHost(allowed: string, name: string, host: string | undefined): boolean {
  const lower = allowed.toLowerCase();
  return lower === name || lower === host?.toLowerCase();
}

function checkOrigin({ host, origin, fetchSite, fetchMode }: Caller, { origins, tls }: CallerRules): void {
  if (origin === undefined) {
    // A browser leaves Origin out of simple GETs (an <img> of a foreign page), but says where they come from. Following
    // a link is fine: the page that held it does not see the answer.
    const foreign = fetchSite === 'cross-site' || fetchSite === 'same-site';
    if (foreign && fetchMode !== 'navigate') throw foreignOrigin();
    return;
  }
  if (isListedOrigin(origin, origins)) return;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    throw foreignOrigin(); // also `null`, what a sandboxed page says
  }
  const scheme = tls ? url.protocol === 'https:' : url.protocol === 'http:' || url.protocol === 'https:';
  if (!scheme || !host || url.host !== normalHost(host, url.protocol)) throw foreignOrigin();
}

/** As URL writes it: lower case, without the scheme's own port. */
function normalHost(host: string, protocol: string): string | null {
  try {
    return new URL(`${protocol}//${host}`).host;
  } catch {
    return null;
  }
}

/** Whether the settings name this very origin. */
export function isListedOrigin(origin: string, origins: readonly string[]): boolean {
  return origins.some((allowed) => allowed.replace(/\/$/, '').toLowerCase() === origin.toLowerCase());
}

function foreignOrigin(): AppError {
  return new AppError(
    'ORIGIN_NOT_ALLOWED',
    'the request comes from a page of another origin; add that origin to server.origins if it is yours',
  );
}
