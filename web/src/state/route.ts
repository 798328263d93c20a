import { signal } from '@preact/signals';
import { hrefOf, type PageName, parseRoute, type Route } from './page-address.ts';

export { type CameraMoment, hrefOf, momentHref, type PageName } from './page-address.ts';

export const route = signal<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

export function go(page: PageName, which?: string): void {
  location.hash = hrefOf(page, which);
}

/** Another address for the same page: nothing to go back to. */
export function rewrite(hash: string): void {
  if (hash === location.hash) return;
  history.replaceState(history.state, '', hash);
  route.value = parseRoute(hash);
}
