import { Subject } from 'rxjs';
import { AppError } from '../../config/app-error.ts';
import type { SupervisedTenant, TenantDirectory, TenantLimits, TenantView } from '../../tenants/tenant-contract.ts';

export const NO_LIMITS: TenantLimits = {
  cpus: null,
  cpuShare: null,
  memoryBytes: null,
  requestsPerSecond: null,
  concurrentRequests: null,
  cameras: null,
  subjects: null,
  diskBytes: null,
};

export interface TenantFields {
  readonly socketPath: string;
  readonly port?: number;
  readonly limits?: Partial<TenantLimits>;
  readonly view?: Partial<TenantView>;
  readonly metrics?: () => Promise<unknown[]>;
}

/** Tenants without a supervisor: what a gateway is told of them, changed by the test. */
export class FixedTenants implements TenantDirectory {
  readonly changes = new Subject<TenantView>();
  readonly restarted: string[] = [];
  /** What becomes of a tenant then. */
  onRestart: (id: string) => void = () => {};
  readonly #tenants = new Map<string, SupervisedTenant>();

  set(id: string, fields: TenantFields): void {
    const limits = { ...NO_LIMITS, ...fields.limits };
    const view: TenantView = {
      id,
      name: id,
      state: 'ready',
      pid: 4711,
      startedAt: '2026-11-21T09:00:00.000Z',
      readyAt: '2026-11-21T09:00:02.000Z',
      restarts: 0,
      lastEnd: null,
      problem: null,
      device: 'cpu',
      visibleGpus: null,
      limits,
      measures: [],
      memoryBytes: 120_000_000,
      eventLoopDelayMs: 1,
      retryAfterSeconds: null,
      ...fields.view,
    };
    this.#tenants.set(id, {
      id,
      name: view.name,
      socketPath: fields.socketPath,
      port: fields.port ?? null,
      limits,
      view: () => view,
      metrics: fields.metrics ?? (async () => []),
    });
    this.changes.next(view);
  }

  remove(id: string): void {
    const view = this.get(id)?.view();
    this.#tenants.delete(id);
    if (view) this.changes.next({ ...view, state: 'stopped' });
  }

  get(id: string): SupervisedTenant | undefined {
    return this.#tenants.get(id);
  }

  list(): SupervisedTenant[] {
    return [...this.#tenants.values()];
  }

  async restart(id: string): Promise<void> {
    if (!this.#tenants.has(id)) throw new AppError('TENANT_NOT_FOUND', `there is no tenant "${id}"`);
    this.restarted.push(id);
    this.onRestart(id);
  }
}
