import { signal } from '@preact/signals';
import type { UnknownsView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from '../state/loaded.ts';
import type { CameraMoment } from '../state/route.ts';

/** Whom the list is about: those of one moment, or everybody. */
let moment: CameraMoment | null = null;

const loaded = createLoaded<UnknownsView>(() => facegateApi.unknowns(moment ?? undefined));

export const unknowns = loaded.value;
export const unknownsError = loaded.error;
export const refreshUnknowns = loaded.refresh;

/** Those that were just named or dismissed here; the server's next list is without them. */
export const settled = signal<ReadonlySet<string>>(new Set());

export function settle(id: string): void {
  settled.value = new Set(settled.peek()).add(id);
  void refreshUnknowns();
}

const EVERY_MS = 4000;

/** While somebody looks at them. @returns ends it. */
export function keepUnknowns(of: CameraMoment | null): () => void {
  if (of?.camera !== moment?.camera || of?.frame !== moment?.frame) unknowns.value = null;
  moment = of;
  void refreshUnknowns();
  const timer = setInterval(() => {
    if (!document.hidden) void refreshUnknowns();
  }, EVERY_MS);
  return () => clearInterval(timer);
}
