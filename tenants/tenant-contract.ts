import type { Observable } from 'rxjs';

export const TENANT_STATES = ['starting', 'ready', 'draining', 'waiting', 'crash_loop', 'refused', 'stopped'] as const;
export type TenantState = (typeof TENANT_STATES)[number];

/** How a process of it ended last: it was asked to (`closed`), by itself (`died`), or it never came to run (`gone`). */
export type TenantEnd = {
  readonly how: 'closed' | 'died' | 'gone';
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** ISO 8601. */
  readonly at: string;
  /** Why, where it is known: an error code. */
  readonly code: string | null;
};

/** What a tenant may take. null: as much as there is. */
export interface TenantLimits {
  /** Like `0,2-3`. */
  readonly cpus: string | null;
  /** 100 is everybody's share; 50 gets half as much where the processor is short. */
  readonly cpuShare: number | null;
  readonly memoryBytes: number | null;
  readonly requestsPerSecond: number | null;
  readonly concurrentRequests: number | null;
  readonly cameras: number | null;
  readonly subjects: number | null;
  readonly diskBytes: number | null;
}

/** How one of the limits is held on this machine. */
export interface LimitMeasure {
  readonly limit: 'cpus' | 'cpuShare' | 'memory';
  readonly by: 'cgroup' | 'affinity' | 'niceness' | 'watch' | 'nothing';
  /** For people: what that means, and why it is no more. */
  readonly note: string;
}

export interface TenantView {
  readonly id: string;
  readonly name: string;
  readonly state: TenantState;
  readonly pid: number | null;
  /** ISO 8601, of the process that runs now. */
  readonly startedAt: string | null;
  readonly readyAt: string | null;
  /** Since the gateway started; first starts do not count. */
  readonly restarts: number;
  readonly lastEnd: TenantEnd | null;
  /** Why it is not ready, or what is the matter though it is; null where nothing is. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** For people: `cpu`, `GPU 0`, `MIG-…`, `any`. */
  readonly device: string;
  /** GPUs that its process sees, counted there; null where it runs on none. */
  readonly visibleGpus: number | null;
  readonly limits: TenantLimits;
  readonly measures: readonly LimitMeasure[];
  /** Of all its processes together; null while there are none. */
  readonly memoryBytes: number | null;
  /** How late its event loop was at most in the last second, ms. */
  readonly eventLoopDelayMs: number | null;
  /** For whoever has to be sent away; null while it is ready, or where nobody knows. */
  readonly retryAfterSeconds: number | null;
}

export interface SupervisedTenant {
  readonly id: string;
  readonly name: string;
  /** Where its process listens while it runs. */
  readonly socketPath: string;
  /** A port of its own, without the prefix. */
  readonly port: number | null;
  readonly limits: TenantLimits;
  view(): TenantView;
  /** prom-client's getMetricsAsJSON() of it; empty while it is down. */
  metrics(): Promise<unknown[]>;
}

export interface TenantDirectory {
  get(id: string): SupervisedTenant | undefined;
  /** In the order of the settings. */
  list(): SupervisedTenant[];
  /** Each change of a state. A tenant that was taken out of the settings is `stopped`, and no longer in the list. */
  readonly changes: Observable<TenantView>;
  /**
   * Ends its process in order and starts another; resolves once that was begun.
   *
   * @throws {AppError} TENANT_NOT_FOUND.
   */
  restart(id: string): Promise<void>;
}
