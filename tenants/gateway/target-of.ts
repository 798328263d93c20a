/** Where a request wants to go. */
export type Target =
  | {
      readonly to: 'tenant';
      readonly id: string;
      /** What the tenant is asked for: path and query. */
      readonly path: string;
      /** What was taken off: `/attendance`; null on its own port. */
      readonly prefix: string | null;
    }
  /** `/<tenant>` without the slash that its relative addresses need. */
  | { readonly to: 'redirect'; readonly id: string; readonly location: string }
  | { readonly to: 'gateway' }
  | { readonly to: 'nothing' }
  /** Two programs could read it in two ways. */
  | { readonly to: 'malformed' };

const FIRST_SEGMENT = /^\/([a-z0-9][a-z0-9_-]{0,63})(?=[/?]|$)/;
/** `.` and `..`, also written as `%2e`: what resolves them takes the address for another one. */
const DOT_SEGMENT = /(?:^|[/\\])(?:\.|%2e){1,2}(?=[/\\?#]|$)/i;
/** Of the gateway's own paths none needs more; what is written otherwise is none of them. */
const PLAIN_PATH = /^(?:\/|(?:\/[A-Za-z0-9._-]+)+)$/;

/**
 * Reads a request's target as it came. The tenant is its first segment, compared letter by letter and never decoded, so
 * that nothing can be a tenant here and something else there.
 *
 * @param url the request line's target.
 * @param knows whether there is a tenant of that id.
 */
export function targetOf(url: string, knows: (id: string) => boolean): Target {
  if (!isPlainTarget(url)) return { to: 'malformed' };
  const id = FIRST_SEGMENT.exec(url)?.[1];
  if (id !== undefined && knows(id)) {
    const path = url.slice(id.length + 1);
    if (!path.startsWith('/')) return { to: 'redirect', id, location: `/${id}/${path}` };
    return isPlainTarget(path) ? { to: 'tenant', id, path, prefix: `/${id}` } : { to: 'malformed' };
  }
  return { to: PLAIN_PATH.test(pathPart(url)) ? 'gateway' : 'nothing' };
}

/** The same where there is one tenant and no prefix: on its own port. */
export function onlyTarget(url: string, id: string): Target {
  return isPlainTarget(url) ? { to: 'tenant', id, path: url, prefix: null } : { to: 'malformed' };
}

/** In origin form (RFC 9112, 3.2.1), with a path that nobody resolves or takes for an authority. */
function isPlainTarget(url: string): boolean {
  if (!url.startsWith('/') || url.startsWith('//')) return false;
  const path = pathPart(url);
  return !path.includes('\\') && !url.includes('#') && !DOT_SEGMENT.test(path);
}

const pathPart = (url: string): string => {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
};
