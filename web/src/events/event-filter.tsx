import { signal } from '@preact/signals';
import { readKept, writeKept } from '../state/kept.ts';
import { EVENT_KINDS, type EventKind, KIND_WORDS } from './event-words.ts';

const kept = readKept('event-kinds')?.split(',') ?? null;

/** What the lists show; everything where nothing is picked. */
export const pickedKinds = signal<ReadonlySet<EventKind>>(new Set(EVENT_KINDS.filter((kind) => kept?.includes(kind))));

function toggle(kind: EventKind): void {
  const next = new Set(pickedKinds.value);
  if (!next.delete(kind)) next.add(kind);
  pickedKinds.value = next;
  writeKept('event-kinds', next.size === 0 ? null : [...next].join(','));
}

export function clearPicked(): void {
  pickedKinds.value = new Set();
  writeKept('event-kinds', null);
}

export function EventFilter() {
  return (
    <fieldset class="chips">
      <legend class="sr-only">Show only</legend>
      {EVENT_KINDS.map((kind) => (
        <button
          key={kind}
          type="button"
          class="chip"
          aria-pressed={pickedKinds.value.has(kind)}
          onClick={() => toggle(kind)}
        >
          {KIND_WORDS[kind]}
        </button>
      ))}
    </fieldset>
  );
}
