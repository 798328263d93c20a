import { effect, signal } from '@preact/signals';
import { readKept, writeKept } from './kept.ts';

export type Theme = 'system' | 'light' | 'dark';

const NEXT: Record<Theme, Theme> = { system: 'dark', dark: 'light', light: 'system' };
const kept = readKept('theme');

export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system');

effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  writeKept('theme', theme.value === 'system' ? null : theme.value);
});

export function nextTheme(): void {
  theme.value = NEXT[theme.value];
}
