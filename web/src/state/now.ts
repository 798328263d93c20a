import { signal } from '@preact/signals';

/** Wall-clock milliseconds, once a second. For "12 s ago"; not for measuring. */
export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);
document.addEventListener('visibilitychange', () => {
  now.value = Date.now();
});
