import { signal } from '@preact/signals';

const PLAIN_PAGES = ['events', 'unknowns', 'doors', 'keys', 'audit'] as const;

export type Route =
  | { page: 'wall'; camera: string | null }
  | { page: 'people'; person: string | null }
  | { page: (typeof PLAIN_PAGES)[number] };

export type PageName = Route['page'];

/** `#/wall`, `#/wall/front`, `#/people`, `#/people/<id>`, `#/events`, …; anything else is the wall. */
export function parseRoute(hash: string): Route {
  const [page, which] = hash.replace(/^#\/?/, '').split('/');
  const one = which ? decode(which) : null;
  const plain = PLAIN_PAGES.find((name) => name === page);
  if (plain) return { page: plain };
  if (page === 'people') return { page, person: one };
  return { page: 'wall', camera: page === 'wall' ? one : null };
}

/** @param which the camera of the wall, or the person. */
export const hrefOf = (page: PageName, which?: string) =>
  `#/${page}${which === undefined ? '' : `/${encodeURIComponent(which)}`}`;

export const route = signal<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

export function go(page: PageName, which?: string): void {
  location.hash = hrefOf(page, which);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
