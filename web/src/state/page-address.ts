const PLAIN_PAGES = ['doors', 'keys', 'feeds', 'audit'] as const;

/** A frame of a camera. */
export interface CameraMoment {
  readonly camera: string;
  readonly frame: number;
}

export type Route =
  | { page: 'wall'; camera: string | null }
  | { page: 'people'; person: string | null }
  /** `query`: what is asked for, as it stands behind the `?`. */
  | { page: 'events'; query: string }
  /** `moment`: only those who were there then. */
  | { page: 'unknowns'; moment: CameraMoment | null }
  | { page: (typeof PLAIN_PAGES)[number] };

export type PageName = Route['page'];

/**
 * `#/wall`, `#/wall/front`, `#/people`, `#/people/<id>`, `#/unknowns`, `#/unknowns/front/812`, `#/events?door=lobby`, …;
 * anything else is the wall.
 */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page, which, frame] = path.split('/');
  const one = which ? decode(which) : null;
  const plain = PLAIN_PAGES.find((name) => name === page);
  if (plain) return { page: plain };
  if (page === 'events') return { page, query };
  if (page === 'people') return { page, person: one };
  if (page === 'unknowns') {
    const isMoment = one !== null && frame !== undefined && /^\d{1,15}$/.test(frame);
    return { page, moment: isMoment ? { camera: one, frame: Number(frame) } : null };
  }
  return { page: 'wall', camera: page === 'wall' ? one : null };
}

export const momentHref = ({ camera, frame }: CameraMoment) => `${hrefOf('unknowns', camera)}/${frame}`;

/** @param which the camera of the wall, or the person. */
export const hrefOf = (page: PageName, which?: string) =>
  `#/${page}${which === undefined ? '' : `/${encodeURIComponent(which)}`}`;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
