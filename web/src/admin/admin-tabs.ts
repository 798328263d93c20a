import type { Tab } from '../ui/tabs.tsx';

export const ADMIN_TABS: readonly Tab[] = [
  { page: 'keys', label: 'Keys' },
  { page: 'feeds', label: 'Feeds' },
  { page: 'audit', label: 'Audit log' },
];
