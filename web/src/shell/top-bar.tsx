import type { Scope } from '../api/api-types.ts';
import { connection, logOut } from '../state/connection.ts';
import { hrefOf, type PageName, route } from '../state/route.ts';
import { may, session, tenantName } from '../state/session.ts';
import { nextTheme, theme } from '../state/theme.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Mark } from './mark.tsx';
import { dialog } from './open-dialog.ts';

interface PageLink {
  page: PageName;
  /** Pages that are reached from it. */
  with?: readonly PageName[];
  label: string;
  icon: IconName;
  key: string;
  /** Without it the page is of no use. */
  scope?: Scope;
}

const PAGES: readonly PageLink[] = [
  { page: 'wall', label: 'Wall', icon: 'wall', key: 'w' },
  { page: 'events', with: ['unknowns'], label: 'Events', icon: 'events', key: 'e' },
  { page: 'doors', label: 'Doors', icon: 'doors', key: 'd' },
  { page: 'people', label: 'People', icon: 'people', key: 'p' },
  { page: 'keys', with: ['feeds', 'audit'], label: 'Access', icon: 'key', key: 'k', scope: 'admin' },
];

export function TopBar() {
  const at = route.value.page;
  const user = session.value;
  return (
    <header class="top-bar">
      <a class="brand" href={hrefOf('wall')} aria-label={`${tenantName.value ?? 'facegate'}, to the wall`}>
        <Mark />
        <span>{tenantName.value ?? 'facegate'}</span>
      </a>
      <nav class="pages" aria-label="Pages">
        {PAGES.filter(({ scope }) => scope === undefined || may(scope)).map(
          ({ page, with: others, label, icon, key }) => (
            <a
              key={page}
              href={hrefOf(page)}
              aria-current={at === page ? 'page' : others?.includes(at) ? 'true' : undefined}
              title={`${label} (${key})`}
            >
              <Icon name={icon} />
              <span>{label}</span>
            </a>
          ),
        )}
      </nav>
      <div class="top-tools">
        <ConnectionPill />
        <button
          type="button"
          class="button-icon"
          onClick={nextTheme}
          aria-label={`Theme: ${theme.value}. Change`}
          title={`Theme: ${theme.value} (t)`}
        >
          <Icon name={theme.value} />
        </button>
        <button
          type="button"
          class="button-icon"
          onClick={() => {
            dialog.value = { name: 'help' };
          }}
          aria-label="Keys and signs"
          title="Keys and signs (?)"
        >
          <Icon name="help" />
        </button>
        {user.phase === 'in' && user.required && (
          <button
            type="button"
            class="button-icon"
            onClick={() => void logOut().catch(() => {})}
            aria-label={user.name ? `Log out ${user.name}` : 'Log out'}
            title={user.name ? `Log out (${user.name})` : 'Log out'}
          >
            <Icon name="logout" />
          </button>
        )}
      </div>
    </header>
  );
}

function ConnectionPill() {
  const live = connection.value.at === 'live';
  return (
    <span class={live ? 'pill pill-live' : 'pill pill-lost'}>
      <span class="dot" aria-hidden="true" />
      <span class="pill-word">{live ? 'Connected' : 'Not connected'}</span>
    </span>
  );
}
