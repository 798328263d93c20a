/** Tenants of one gateway share one storage. */
const FOLDER = (globalThis.location?.pathname ?? '/').replace(/[^/]*$/, '');
const PREFIX = FOLDER === '/' ? 'facegate.' : `facegate${FOLDER}`;

/** A preference of this browser; null where there is none or storage is refused. */
export function readKept(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function writeKept(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage is refused: the preference lasts as long as the page.
  }
}
