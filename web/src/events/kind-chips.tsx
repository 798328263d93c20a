import type { ComponentChildren } from 'preact';
import { EVENT_KINDS, type EventKind, KIND_WORDS } from './event-words.ts';

interface KindChipsProps {
  isPicked(kind: EventKind): boolean;
  onToggle(kind: EventKind): void;
  /** What stands after the kinds. */
  children?: ComponentChildren;
}

/** The kinds of events to pick from, as many as one likes. */
export function KindChips({ isPicked, onToggle, children }: KindChipsProps) {
  return (
    <fieldset class="chips">
      <legend class="sr-only">Show only</legend>
      {EVENT_KINDS.map((kind) => (
        <button key={kind} type="button" class="chip" aria-pressed={isPicked(kind)} onClick={() => onToggle(kind)}>
          {KIND_WORDS[kind]}
        </button>
      ))}
      {children}
    </fieldset>
  );
}
