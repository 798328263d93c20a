import { computed } from '@preact/signals';
import type { AccessEvent } from '../api/api-types.ts';
import { doors } from '../state/doors.ts';
import { events } from '../state/events.ts';

const isAnswer = ({ type }: AccessEvent) => type.startsWith('access.');

/** The newest granted or denied of each door: among the events that are here, or what the server says was its last. */
export const lastAnswers = computed(() => {
  const answers = new Map<string, AccessEvent>();
  for (const { id, last } of doors.value ?? []) if (last && isAnswer(last)) answers.set(id, { ...last, replay: true });
  const list = events.value ?? [];
  const seen = new Set<string>();
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const event = list[i]!;
    if (event.door === null || !isAnswer(event) || seen.has(event.door)) continue;
    seen.add(event.door);
    const known = answers.get(event.door);
    // The same one, heard here, knows whether it was live.
    if (!known || event.sequence >= known.sequence) answers.set(event.door, event);
  }
  return answers;
});
