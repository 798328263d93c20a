/** Everything of CompreFace's API lies under it. */
export const COMPREFACE_PREFIX = '/api/v1';

const OPTIONS = ['limit', 'det_prob_threshold', 'prediction_count', 'face_plugins', 'status', 'detect_faces'];
const ANY_OPTION = OPTIONS.join('|');
/** `…/recognize&det_prob_threshold=0.8`: a picture call whose query begins with the wrong mark. */
const NO_QUESTION_MARK = new RegExp(`^([^?]*/(?:recognize|detect|verify))&(?=(?:${ANY_OPTION})=)`);
/** `…?subject=Ada?det_prob_threshold=0.8`: a query that begins more than once. */
const ANOTHER_QUESTION_MARK = new RegExp(`\\?(?=(?:${ANY_OPTION})=)`, 'g');

export function isComprefaceUrl(url: string): boolean {
  return url.startsWith(`${COMPREFACE_PREFIX}/`);
}

/** Whether a query's name is one of those that say how to look at a picture. */
export function isComprefaceOption(name: string): boolean {
  return OPTIONS.includes(name);
}

/**
 * The address that CompreFace's own clients meant: its JavaScript SDK joins options without minding which of `?` and `&` it
 * is, and its documentation ends the address of a list with a slash. Addresses of anything else are left as they are.
 */
export function repairUrl({ url = '/', method = 'GET' }: { url?: string; method?: string }): string {
  if (!isComprefaceUrl(url)) return url;
  const begun = url.replace(NO_QUESTION_MARK, '$1?');
  const at = begun.indexOf('?');
  const [path, query] = at < 0 ? [begun, null] : [begun.slice(0, at), begun.slice(at + 1)];
  // For reading only: `DELETE …/subjects/` is a client that lost the name, and not one that wants everybody deleted.
  const trimmed = method === 'GET' ? path.replace(/\/+$/, '') : path;
  return query === null ? trimmed : `${trimmed}?${query.replace(ANOTHER_QUESTION_MARK, '&')}`;
}
