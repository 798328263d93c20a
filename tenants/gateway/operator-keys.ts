import { createHash, timingSafeEqual } from 'node:crypto';
import type { Settings } from '../../config/settings-schema.ts';
import type { KeyInfo } from '../../server/callers/key-store.ts';

/** Whose key it is; null when nobody's. */
export type FindOperator = (key: string) => KeyInfo | null;

const hashOf = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/** The keys of the gateway's file. They open what is the gateway's, and nothing of a tenant; kept hashed. */
export function operatorKeys(keys: Settings['keys']): FindOperator {
  const known = keys.map(({ key, name, scopes, rateLimit }, index) => ({
    hash: hashOf(key),
    info: { id: `config-${index}`, name, scopes, origin: 'config', rateLimit: rateLimit ?? null } satisfies KeyInfo,
  }));
  return (key) => {
    const hash = hashOf(key);
    // All of them, always: how long it takes says nothing of which one it was near to.
    const found = known.filter((one) => timingSafeEqual(one.hash, hash));
    return found[0]?.info ?? null;
  };
}
