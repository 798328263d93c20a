import { computed } from '@preact/signals';
import type { AccessEvent } from '../api/api-types.ts';
import { events } from '../state/events.ts';

/** The newest granted or denied of each door, among the events that are here. */
export const lastAnswers = computed(() => {
  const answers = new Map<string, AccessEvent>();
  const list = events.value ?? [];
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const event = list[i]!;
    if (event.door !== null && event.type.startsWith('access.') && !answers.has(event.door))
      answers.set(event.door, event);
  }
  return answers;
});
