import { hrefOf, type PageName, route } from '../state/route.ts';

export interface Tab {
  readonly page: PageName;
  readonly label: string;
}

/** Pages that belong together. */
export function Tabs({ tabs, label }: { tabs: readonly Tab[]; label: string }) {
  return (
    <nav class="segments" aria-label={label}>
      {tabs.map((tab) => (
        <a
          key={tab.page}
          class="segment"
          href={hrefOf(tab.page)}
          aria-current={route.value.page === tab.page ? 'page' : undefined}
        >
          {tab.label}
        </a>
      ))}
    </nav>
  );
}
