import { signal } from '@preact/signals';

/** Another number whenever people, faces or groups may have changed: what shows them asks again. */
export const galleryVersion = signal(0);

export function galleryChanged(): void {
  // Peeked: whoever calls this from an effect must not be woken by it.
  galleryVersion.value = galleryVersion.peek() + 1;
}
