import { signal } from '@preact/signals';
import type { KeyView, NewKeyView, Scope } from '../api/api-types.ts';
import { holdCalls } from '../api/call.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { logIn } from '../state/connection.ts';
import { createLoaded } from '../state/loaded.ts';
import { session } from '../state/session.ts';

const loaded = createLoaded<KeyView[]>(facegateApi.keys);

export const keys = loaded.value;
export const keysError = loaded.error;
export const refreshKeys = loaded.refresh;

/**
 * The key that was just made, for as long as it is shown. It outlives the dialog: with the first key the server asks
 * everybody to log in, this page too, and the dialog is drawn anew.
 */
export const madeKey = signal<NewKeyView | null>(null);

/** Whether nobody needs a key yet: the one that is made next changes that. */
export function isFirstKey(): boolean {
  const state = session.value;
  return state.phase === 'in' && !state.required;
}

/** Makes a key. With the first one this page logs in at once, or its reader would be shut out. */
export async function createKey(key: {
  name: string;
  scopes: readonly Scope[];
  perMinute: number | null;
}): Promise<void> {
  const { name, scopes, perMinute } = key;
  const make = () => facegateApi.createKey({ name, scopes, ...(perMinute !== null && { rateLimit: { perMinute } }) });
  if (isFirstKey()) {
    await holdCalls(async () => {
      madeKey.value = await make();
      await logIn(madeKey.value.key);
    });
  } else madeKey.value = await make();
  void refreshKeys();
}
