import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Observable, Subject } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import { deviceEnvironment } from '../config/device-environment.ts';
import type { LoadedTenant } from '../config/load-tenants.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { logFilePlace } from '../server/logs/open-log.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import { TICK_MS } from './beat-watch.ts';
import { askInventory } from './gpu/gpu-inventory.ts';
import { isSameDevice, type ResolvedDevice, resolveDevice } from './gpu/resolve-device.ts';
import { findDelegatedCgroup, prepareCgroup } from './limits/cgroup.ts';
import { findOnPath, type Machine } from './limits/launch-plan.ts';
import { ProcessTable } from './limits/process-tree.ts';
import { type Placement, placeTenant } from './place-tenant.ts';
import type { SupervisedTenant, TenantDirectory, TenantView } from './tenant-contract.ts';
import { type TenantDefinition, tenantDefinition } from './tenant-definition.ts';
import type { OpenMessage } from './tenant-messages.ts';
import { openTenantSockets, type TenantSockets } from './tenant-sockets.ts';
import { TenantSupervision } from './tenant-supervision.ts';

/** The next one is started when this one is ready or has failed, or after so long. */
const NEXT_AFTER_MS = 60_000;
/** Ticks from one look at all processes to the next. */
const LOOK_EVERY_TICKS = 1000 / TICK_MS;

export interface SupervisorOptions {
  /** Of the gateway's file. */
  readonly gateway: Settings;
  /** What relative paths of the gateway's file are relative to. */
  readonly baseDir: string;
  readonly tenants: readonly LoadedTenant[];
  readonly dataDir: string;
  /** Where weights are kept, for all of them. */
  readonly modelsDir: string;
  readonly mirrors: readonly string[];
  readonly modelsFolder: string | null;
  /** Allow the starter models. Default: no. */
  readonly starter?: boolean;
  readonly consoleDir: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A key that a tenant made since it had none; shown this once. */
  readonly adminKey: (tenant: string, key: string) => void;
  readonly progress?: (tenant: string, model: string, done: number, total: number | null) => void;
}

/** Keeps one process a tenant running, in the order of the settings, and takes changed settings over. */
export class Supervisor implements TenantDirectory, AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #tenants = new Map<string, TenantSupervision>();
  /** Taken out of the settings, and not gone yet. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #changes = new Subject<TenantView>();
  readonly #devices = new Map<string, ResolvedDevice>();
  readonly #sockets: TenantSockets;
  readonly #machine: Machine;
  readonly #lock: ReturnType<typeof lockFolder>;
  readonly #ticking: NodeJS.Timeout;
  #starting: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #ticks = 0;

  /**
   * Nothing runs before `start`.
   *
   * @throws {AppError} DATA_FOLDER_IN_USE; CONFIG_INVALID when the data folder cannot be written to.
   */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    this.#lock = lockFolder(options.dataDir);
    this.#sockets = openTenantSockets(options.dataDir);
    this.#machine = machineFor(options);
    for (const tenant of options.tenants) this.#add(tenantDefinition(tenant));
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  get changes(): Observable<TenantView> {
    return this.#changes.asObservable();
  }

  get(id: string): SupervisedTenant | undefined {
    return this.#tenants.get(id);
  }

  list(): SupervisedTenant[] {
    return [...this.#tenants.values()];
  }

  async restart(id: string): Promise<void> {
    const tenant = this.#tenants.get(id);
    if (!tenant) throw new AppError('TENANT_NOT_FOUND', `there is no tenant "${id}"`);
    // Slices may have been made anew meanwhile.
    this.#devices.delete(id);
    tenant.restart();
  }

  /** One after the other, as they stand in the settings; resolves when each had its turn. Idempotent. */
  start(): Promise<void> {
    this.#starting ??= this.#startAll();
    return this.#starting;
  }

  /** What the settings say now: new ones are started, those that are gone are stopped, the others get what changed. */
  apply(loaded: readonly LoadedTenant[]): void {
    if (this.#closing) return;
    const definitions = loaded.map(tenantDefinition);
    const wanted = new Set(definitions.map(({ id }) => id));
    for (const [id, tenant] of this.#tenants) if (!wanted.has(id)) this.#remove(id, tenant);
    const before = new Map(this.#tenants);
    // As in the settings, also in their order.
    this.#tenants.clear();
    for (const definition of definitions) {
      const known = before.get(definition.id);
      if (!known) {
        this.#add(definition);
        void this.#startAfterItsPredecessor(definition.id);
        continue;
      }
      this.#tenants.set(definition.id, known);
      if (JSON.stringify(known.definition.device) !== JSON.stringify(definition.device)) {
        this.#devices.delete(definition.id);
      }
      known.configure(definition);
    }
  }

  /** Stops all of them at the same time. Idempotent; resolves when no process is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const all = [...this.#tenants.values()];
    await Promise.all([...all.map((tenant) => tenant.stop()), ...this.#leaving.values()]);
    clearInterval(this.#ticking);
    for (const tenant of all) tenant.sweep();
    this.#sockets.remove();
    this.#lock.release();
    this.#changes.complete();
  }

  async #startAll(): Promise<void> {
    for (const tenant of [...this.#tenants.values()]) {
      if (this.#closing) return;
      if (this.#tenants.get(tenant.id) !== tenant) continue;
      const settled = this.#settled(tenant);
      tenant.start();
      await settled;
    }
  }

  #settled(tenant: TenantSupervision): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        watching.unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, NEXT_AFTER_MS);
      const watching = this.#changes.subscribe({
        next: ({ id, state }) => {
          if (id === tenant.id && state !== 'starting') done();
        },
        complete: done,
      });
    });
  }

  async #startAfterItsPredecessor(id: string): Promise<void> {
    await this.#leaving.get(id);
    // Those of before have their turns first.
    await this.#starting;
    if (!this.#closing) this.#tenants.get(id)?.start();
  }

  #remove(id: string, tenant: TenantSupervision): void {
    this.#options.log.info({ tenant: id }, `tenant ${id} is no longer in the settings, and is stopped`);
    const leaving = tenant.stop().finally(() => {
      tenant.sweep();
      if (this.#leaving.get(id) === leaving) this.#leaving.delete(id);
    });
    this.#leaving.set(id, leaving);
    this.#devices.delete(id);
  }

  #add(definition: TenantDefinition): void {
    const { clock, log, adminKey, progress } = this.#options;
    const tenant = new TenantSupervision({
      definition,
      socketPath: this.#sockets.pathOf(definition.id),
      place: (wanted) => this.#place(wanted),
      open: (wanted, placement) => this.#openMessage(wanted, placement),
      changed: (view) => this.#changes.next(view),
      adminKey,
      progress: progress ?? (() => {}),
      clock,
      log,
    });
    this.#tenants.set(definition.id, tenant);
  }

  async #place(definition: TenantDefinition): Promise<Placement> {
    const resolved = await this.#resolve(definition);
    const environment = tenantEnvironment(this.#options.env);
    const dataDir = this.#folderOf(definition.id);
    return placeTenant(definition, { machine: this.#machine, environment, dataDir, resolved });
  }

  async #resolve({ id, device, shared }: TenantDefinition): Promise<ResolvedDevice | null> {
    if (device === undefined || device === 'cpu') return null;
    let resolved = this.#devices.get(id);
    if (!resolved) {
      resolved = resolveDevice(device, await askInventory());
      this.#devices.set(id, resolved);
    }
    for (const [other, itsDevice] of this.#devices) {
      const both = shared && this.#tenants.get(other)?.definition.shared;
      if (other === id || both || !isSameDevice(resolved, itsDevice)) continue;
      this.#devices.delete(id);
      throw new AppError(
        'CONFIG_INVALID',
        `its device is ${resolved.description}, which "${other}" has already; to share it, both need shared: true`,
      );
    }
    return resolved;
  }

  #folderOf(id: string): string {
    return join(this.#options.dataDir, 'tenants', id);
  }

  #openMessage(definition: TenantDefinition, { environment }: Placement): OpenMessage {
    const o = this.#options;
    const { id, name, settings, baseDir, limits } = definition;
    if (settings instanceof AppError) throw settings;
    return {
      type: 'open',
      tenant: id,
      name,
      settings,
      baseDir,
      dataDir: this.#folderOf(id),
      modelsDir: o.modelsDir,
      mirrors: o.mirrors,
      modelsFolder: o.modelsFolder,
      starter: o.starter ?? false,
      ffmpegPath: settings.ffmpeg ?? o.gateway.ffmpeg ?? o.env.FFMPEG_PATH,
      pathVariable: o.env.PATH,
      environment,
      consoleDir: o.consoleDir,
      version: o.version,
      limits: { cameras: limits.cameras, subjects: limits.subjects, diskBytes: limits.diskBytes },
      socketPath: this.#sockets.pathOf(id),
      prefix: `/${id}`,
      logFile: logFilePlace(o.gateway.log, { baseDir: o.baseDir, tenant: id }),
    };
  }

  #tick(): void {
    const tenants = [...this.#tenants.values()];
    // Of one without a limit it is only told.
    const isFor = this.#ticks++ % LOOK_EVERY_TICKS === 0 ? () => true : hasMemoryLimit;
    const table = tenants.some(isFor) ? ProcessTable.read() : null;
    for (const tenant of tenants) {
      tenant.tick(table && isFor(tenant) ? (pid) => table.treeOf(pid) : null);
    }
  }
}

const hasMemoryLimit = ({ limits }: TenantSupervision): boolean => limits.memoryBytes !== null;

/** What finds drivers and libraries, and whose certificates are trusted; no secret. */
function tenantEnvironment(env: SupervisorOptions['env']): Record<string, string> {
  const kept = deviceEnvironment(env);
  for (const name of ['TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

function machineFor({ tenants, env, log }: SupervisorOptions): Machine {
  const found = findDelegatedCgroup();
  const isLimited = tenants.some(({ entry: { limits } }) => limits.cpus ?? limits.cpuShare ?? limits.memory);
  const programs = { taskset: findOnPath('taskset', env.PATH), nice: findOnPath('nice', env.PATH) };
  if (!('path' in found) || !isLimited) return { cgroup: found, ...programs };
  try {
    prepareCgroup(found);
    return { cgroup: found, ...programs };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn({}, `cgroups cannot be used: ${why}`);
    return { cgroup: { none: why }, ...programs };
  }
}
