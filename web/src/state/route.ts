import { signal } from '@preact/signals';

export type Route =
  | { page: 'wall'; camera: string | null }
  | { page: 'events' }
  | { page: 'people' }
  | { page: 'doors' };

export type PageName = Route['page'];

/** `#/wall`, `#/wall/front`, `#/events`, `#/people`, `#/doors`; anything else is the wall. */
export function parseRoute(hash: string): Route {
  const [page, camera] = hash.replace(/^#\/?/, '').split('/');
  if (page === 'events' || page === 'people' || page === 'doors') return { page };
  return { page: 'wall', camera: page === 'wall' && camera ? decode(camera) : null };
}

export const hrefOf = (page: PageName, camera?: string) =>
  `#/${page}${camera === undefined ? '' : `/${encodeURIComponent(camera)}`}`;

export const route = signal<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

export function go(page: PageName, camera?: string): void {
  location.hash = hrefOf(page, camera);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
