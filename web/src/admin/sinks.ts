import type { SinkView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from '../state/loaded.ts';

const loaded = createLoaded<SinkView[]>(facegateApi.sinks);

export const sinks = loaded.value;
export const sinksError = loaded.error;
export const refreshSinks = loaded.refresh;

const EVERY_MS = 4000;

/** While the page of feeds is open. @returns ends it. */
export function keepSinks(): () => void {
  void refreshSinks();
  const timer = setInterval(() => {
    if (!document.hidden) void refreshSinks();
  }, EVERY_MS);
  return () => clearInterval(timer);
}
