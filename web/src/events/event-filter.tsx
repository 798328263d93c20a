import { signal } from '@preact/signals';
import { readKept, writeKept } from '../state/kept.ts';
import { EVENT_KINDS, type EventKind } from './event-words.ts';
import { KindChips } from './kind-chips.tsx';

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
  return <KindChips isPicked={(kind) => pickedKinds.value.has(kind)} onToggle={toggle} />;
}
