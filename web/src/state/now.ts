import { computed, signal } from '@preact/signals';

/** Wall-clock milliseconds, once a second. For "12 s ago"; not for measuring. */
export const now = signal(Date.now());

/** The same, once a minute: for lists of thousands. */
export const minute = computed(() => Math.floor(now.value / 60_000));

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);
document.addEventListener('visibilitychange', () => {
  now.value = Date.now();
});
