import type { Logger } from './ports.ts';

/** Says nothing: what a library uses that was given no log. */
export const silentLog: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
