/** What a key may do, smallest first. `admin` may everything. */
export const KEY_SCOPES = ['read', 'recognize', 'enroll', 'door', 'pictures', 'admin'] as const;

export type KeyScope = (typeof KEY_SCOPES)[number];

/** Names that scopes had once, for the message to whoever still writes them. */
const FORMER_NAMES: Readonly<Record<string, KeyScope>> = { analyse: 'recognize', enrol: 'enroll' };

/** Completes `scopes[0] …`. */
export function scopeExpectation(got: unknown): string {
  const choice = `must be ${KEY_SCOPES.slice(0, -1).join(', ')} or ${KEY_SCOPES.at(-1)}`;
  const now = typeof got === 'string' && Object.hasOwn(FORMER_NAMES, got) ? FORMER_NAMES[got] : undefined;
  return now === undefined ? choice : `${choice} ("${got}" is called "${now}" now)`;
}
