import type { Settings } from '../config/settings-schema.ts';

/** Wrong settings, missing models, a data folder in use by a stranger: what asking again would not mend (EX_CONFIG of sysexits.h). */
export const REFUSED_EXIT_CODE = 78;

/** All that a tenant's process is told. Secrets come this way only: argv and environment can be read by others. */
export interface OpenMessage {
  readonly type: 'open';
  readonly tenant: string;
  readonly name: string;
  readonly settings: Settings;
  /** What relative paths of the settings are relative to. */
  readonly baseDir: string;
  readonly dataDir: string;
  readonly modelsDir: string;
  readonly mirrors: readonly string[];
  readonly modelsFolder: string | null;
  readonly starter: boolean;
  readonly ffmpegPath: string | undefined;
  readonly pathVariable: string | undefined;
  /** What its ffmpegs and inference processes see of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly consoleDir: string;
  readonly version: string;
  readonly limits: {
    readonly cameras: number | null;
    readonly subjects: number | null;
    readonly diskBytes: number | null;
  };
  readonly socketPath: string;
  /** Under which people see it: `/attendance`. */
  readonly prefix: string;
  /** A file of its own, rotated; null: the gateway's stderr. */
  readonly logFile: { readonly path: string; readonly maxBytes: number; readonly files: number } | null;
}

export type ToTenant =
  | OpenMessage
  | { readonly type: 'settings'; readonly settings: Settings }
  /** Its settings can no longer be read; it goes on with those it has. */
  | { readonly type: 'settings-refused'; readonly code: string; readonly message: string }
  | { readonly type: 'stop' }
  | { readonly type: 'metrics'; readonly id: number };

export type FromTenant =
  | { readonly type: 'progress'; readonly model: string; readonly done: number; readonly total: number | null }
  | {
      readonly type: 'ready';
      /** Made because there was no key; shown once. */
      readonly adminKey: string | null;
      readonly roles: readonly { readonly role: string; readonly model: string; readonly provider: string | null }[];
      /** Counted from inside; null where no network runs on a GPU. */
      readonly visibleGpus: number | null;
    }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  /** `restartNeeded`: keys of the settings that only a new process takes over; then nothing was. */
  | { readonly type: 'settings-taken'; readonly restartNeeded: readonly string[] }
  | { readonly type: 'beat'; readonly eventLoopDelayMs: number }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: unknown[] };
