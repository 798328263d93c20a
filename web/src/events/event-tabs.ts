import type { Tab } from '../ui/tabs.tsx';

export const EVENT_TABS: readonly Tab[] = [
  { page: 'events', label: 'Events' },
  { page: 'unknowns', label: 'Who is this?' },
];
