import { signal } from '@preact/signals';
import { view, viewing } from '../preview/viewing.ts';
import { cameras } from '../state/cameras.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { go, route } from '../state/route.ts';
import { may, session } from '../state/session.ts';
import { nextTheme } from '../state/theme.ts';
import { dialog } from './open-dialog.ts';

/** Single letters can be in the way of voice control: they can be switched off (WCAG 2.1.4). */
export const shortcutsOn = signal(readKept('shortcuts') !== 'off');

export function setShortcuts(on: boolean): void {
  shortcutsOn.value = on;
  writeKept('shortcuts', on ? null : 'off');
}

export const SHORTCUTS: readonly { keys: string; does: string }[] = [
  { keys: '1 – 9', does: 'Show that camera alone' },
  { keys: 'w', does: 'The wall of cameras' },
  { keys: 'e', does: 'Events' },
  { keys: 'd', does: 'Doors' },
  { keys: 'p', does: 'People' },
  { keys: 'u', does: 'Who is this? Unknown people' },
  { keys: 'k', does: 'Keys, feeds and audit log' },
  { keys: 'f', does: 'Full screen, on and off' },
  { keys: 'v', does: 'Pictures: exact, smooth' },
  { keys: 'a', does: 'Add a camera' },
  { keys: 't', does: 'Theme: system, dark, light' },
  { keys: '?', does: 'This list' },
  { keys: 'Esc', does: 'Close, or back to the wall' },
];

/** Full screen for the camera that stands alone, else for the wall. */
export function toggleFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else
    document
      .querySelector('[data-full-screen]')
      ?.requestFullscreen?.()
      .catch(() => {});
}

const ACTIONS: Record<string, () => void> = {
  w: () => go('wall'),
  e: () => go('events'),
  d: () => go('doors'),
  p: () => go('people'),
  u: () => go('unknowns'),
  k() {
    if (may('admin')) go('keys');
  },
  f: toggleFullScreen,
  t: nextTheme,
  v: () => view(viewing.peek() === 'exact' ? 'smooth' : 'exact'),
  a() {
    dialog.value = { name: 'add-camera' };
  },
  '?'() {
    dialog.value = { name: 'help' };
  },
  Escape() {
    const at = route.peek();
    if (at.page === 'people' && at.person !== null) return go('people');
    if (at.page === 'wall' && at.camera === null) return;
    go('wall');
  },
};

/** Once, from main.tsx. */
export function startShortcuts(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (session.peek().phase !== 'in' || dialog.peek() !== null || document.querySelector('dialog[open]')) return;
    if (isTyping(event.target)) return;
    if (!shortcutsOn.peek() && event.key !== 'Escape') return;
    if (/^[1-9]$/.test(event.key)) {
      const camera = cameras.peek()?.[Number(event.key) - 1];
      if (camera) go('wall', camera.id);
      return;
    }
    const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(target.type))
  );
}
