import { signal } from '@preact/signals';
import type { Scope, SessionInfo } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';

export type SessionState =
  /** Not asked yet, or not answered yet. */
  | { phase: 'starting' }
  /** `expired`: there was a session, and the server no longer knows it. */
  | { phase: 'login'; expired: boolean }
  | ({ phase: 'in' } & Pick<SessionInfo, 'required' | 'name' | 'scopes'>);

export const session = signal<SessionState>({ phase: 'starting' });
/** Whose page this is, where several tenants share one gateway; known before anybody logs in. */
export const tenantName = signal<string | null>(null);

/** @returns whether calls may go ahead; false when a login is needed first. */
export async function checkSession(): Promise<boolean> {
  const info = await facegateApi.session();
  tenantName.value = info.tenant?.name ?? null;
  if (info.required && !info.authenticated) {
    sessionEnded();
    return false;
  }
  session.value = { phase: 'in', required: info.required, name: info.name, scopes: info.scopes };
  return true;
}

export function sessionEnded(): void {
  if (session.peek().phase !== 'login') session.value = { phase: 'login', expired: session.peek().phase === 'in' };
}

export function may(scope: Scope): boolean {
  const state = session.value;
  if (state.phase !== 'in') return false;
  return !state.required || state.scopes.includes(scope) || state.scopes.includes('admin');
}
