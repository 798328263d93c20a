import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from '../source-address.ts';

export interface AuthorizedRequest {
  method: string;
  /** As it stands in the request line. */
  uri: string;
}

const HASHES: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256' };

/**
 * The `Authorization` header that answers a 401, for RTSP and HTTP: Digest (RFC 7616, SHA-256 before MD5, `auth` or none), which
 * does not show the password, before Basic.
 *
 * @param challenges every `WWW-Authenticate` header.
 * @returns null where none of them is understood.
 */
export function authorization(
  challenges: readonly string[],
  request: AuthorizedRequest,
  credentials: Credentials,
): string | null {
  const offered = challenges.flatMap(splitChallenges);
  for (const algorithm of ['sha-256', 'md5']) {
    const challenge = offered.find(
      ({ scheme, parameters }) => scheme === 'digest' && (parameters.algorithm ?? 'md5').toLowerCase() === algorithm,
    );
    const answer = challenge && digest(challenge.parameters, HASHES[algorithm]!, request, credentials);
    if (answer) return answer;
  }
  if (!offered.some(({ scheme }) => scheme === 'basic')) return null;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/**
 * The same Digest answer for another address of the same camera.
 *
 * @param header what stands behind `Authorization:`.
 * @returns null where it is none of these credentials for `from`, or of a kind that is not understood.
 */
export function readdressed(
  header: string,
  { method, from, to }: { method: string; from: string; to: string },
  credentials: Credentials,
): string | null {
  const parameters = splitChallenges(header).find(({ scheme }) => scheme === 'digest')?.parameters ?? {};
  const { uri, response, algorithm = 'md5' } = parameters;
  const hash = HASHES[algorithm.toLowerCase()];
  if (hash === undefined || uri !== from || response === undefined) return null;
  if (proof(hash, parameters, { method, uri }, credentials) !== response.toLowerCase()) return null;
  const own = proof(hash, parameters, { method, uri: to }, credentials);
  return header.replace(`uri="${from}"`, () => `uri="${to}"`).replace(response, () => own);
}

interface Challenge {
  /** Lower case. */
  scheme: string;
  parameters: Record<string, string>;
}

/** One header may hold several challenges, separated by commas as their parameters are. */
function splitChallenges(header: string): Challenge[] {
  const found: Challenge[] = [];
  const token =
    /(?:^|[\s,])(basic|digest|bearer|negotiate|ntlm)(?=\s|,|$)|([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;
  for (const [, scheme, name, quoted, plain] of header.slice(0, 4096).matchAll(token)) {
    if (scheme) found.push({ scheme: scheme.toLowerCase(), parameters: {} });
    else if (name) {
      const last = found.at(-1);
      if (last) last.parameters[name.toLowerCase()] = quoted === undefined ? plain! : quoted.replace(/\\(.)/g, '$1');
    }
  }
  return found;
}

function digest(
  { realm, nonce, opaque, qop, algorithm }: Record<string, string>,
  hash: string,
  { method, uri }: AuthorizedRequest,
  { username, password }: Credentials,
): string | null {
  if (realm === undefined || nonce === undefined) return null;
  const wantsQop = qop !== undefined;
  // `auth-int` alone would hash a body that there is not.
  if (wantsQop && !/\bauth\b(?!-)/i.test(qop)) return null;
  // What goes back between quotes must not end them.
  if ([realm, nonce, opaque ?? ''].some((value) => /[\r\n]/.test(value))) return null;
  const cnonce = randomBytes(8).toString('hex');
  const fresh = { realm, nonce, ...(wantsQop && { qop: 'auth', nc: '00000001', cnonce }) };
  const response = proof(hash, fresh, { method, uri }, { username, password });
  const fields = [
    `username="${quoted(username)}"`,
    `realm="${quoted(realm)}"`,
    `nonce="${quoted(nonce)}"`,
    `uri="${uri}"`,
    `response="${response}"`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm.replace(/[^\w-]/g, '')}`]),
    ...(opaque === undefined ? [] : [`opaque="${quoted(opaque)}"`]),
    ...(wantsQop ? ['qop=auth', 'nc=00000001', `cnonce="${cnonce}"`] : []),
  ];
  return `Digest ${fields.join(', ')}`;
}

/** `response` of RFC 7616, for `auth` or none. */
function proof(
  hash: string,
  { realm, nonce, qop, nc, cnonce }: Record<string, string | undefined>,
  { method, uri }: AuthorizedRequest,
  { username, password }: Credentials,
): string {
  const h = (text: string) => createHash(hash).update(text).digest('hex');
  const secret = h(`${username}:${realm}:${password}`);
  const what = h(`${method}:${uri}`);
  return h([secret, nonce, ...(qop === undefined ? [] : [nc, cnonce, qop]), what].join(':'));
}

function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}
