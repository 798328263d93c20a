import type { FastifyRequest } from 'fastify';
import { AppError } from '../../config/app-error.ts';
import { KEY_SCOPES, type KeyScope } from '../../config/key-scopes.ts';
import type { KeyInfo, KeyStore } from './key-store.ts';
import type { SessionStore } from './session-store.ts';

export const SESSION_COOKIE = 'facegate_session';

/** What a route asks for: nothing, or a key with that scope. */
export type Access = 'anyone' | KeyScope;

/** Who calls: this machine while there is no key, or the owner of a key. */
export type Principal = { readonly kind: 'local' } | { readonly kind: 'key'; readonly key: KeyInfo };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whoever forgets it has a route for admins. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Null where nobody proved who they are, which only routes for anyone see. */
    principal: Principal | null;
  }
}

export type Authenticator = (request: Pick<FastifyRequest, 'headers' | 'cookies'>) => Principal | null;

/**
 * Reads who calls from `Authorization: Bearer`, `x-api-key` or the session cookie, in this order; the first one that is
 * there decides, so that a wrong key is never covered by an old cookie.
 */
export function createAuthenticator(
  keys: KeyStore,
  sessions: SessionStore,
  cookieName = SESSION_COOKIE,
): Authenticator {
  return ({ headers, cookies }) => {
    if (keys.isEmpty) return { kind: 'local' };
    const key = ownerOf(presentedKey(headers), cookies[cookieName]);
    if (!key) return null;
    keys.used(key.id);
    return { kind: 'key', key };
  };

  function ownerOf(presented: string | null, cookie: string | undefined): KeyInfo | null {
    if (presented !== null) return keys.find(presented);
    const session = cookie ? sessions.find(cookie) : null;
    // A revoked key ends its sessions.
    return session && keys.get(session.keyId);
  }
}

/** The key that a request shows; an empty one where it shows something else. Null: nothing. */
export function presentedKey(headers: FastifyRequest['headers']): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '');
  if (bearer) return bearer[1] as string;
  if (headers.authorization !== undefined) return '';
  const header = headers['x-api-key'];
  return header === undefined ? null : String(header);
}

export function scopesOf(principal: Principal): readonly KeyScope[] {
  return principal.kind === 'local' ? KEY_SCOPES : principal.key.scopes;
}

/** @throws {AppError} UNAUTHENTICATED or FORBIDDEN. */
export function requireAccess(principal: Principal | null, access: Access): void {
  if (access === 'anyone') return;
  if (!principal) {
    throw new AppError('UNAUTHENTICATED', 'this needs a valid key (Authorization: Bearer … or x-api-key) or a session');
  }
  const scopes = scopesOf(principal);
  if (scopes.includes('admin') || scopes.includes(access)) return;
  throw new AppError('FORBIDDEN', `this needs a key with the scope "${access}"`, { details: { scope: access } });
}
