import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../config/app-error.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { listenError } from '../../server/listen.ts';
import type { TenantDirectory } from '../tenant-contract.ts';

/** The ports that tenants have for themselves, opened and closed as tenants come and go. */
export class TenantPorts {
  readonly #o: { directory: TenantDirectory; host: string; serverFor: (tenant: string) => Server; log: Logger };
  readonly #open = new Map<string, { readonly port: number; readonly server: Server }>();
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(o: { directory: TenantDirectory; host: string; serverFor: (tenant: string) => Server; log: Logger }) {
    this.#o = o;
  }

  /** @throws {AppError} PORT_IN_USE, CONFIG_INVALID when one cannot be listened on; those that can are open. */
  follow(): Promise<void> {
    const work = this.#work.then(() => this.#follow());
    this.#work = work.catch(() => {});
    return work;
  }

  /** Where a tenant listens; for those who look from outside. */
  portOf(tenant: string): number | null {
    const address = this.#open.get(tenant)?.server.address() as AddressInfo | null | undefined;
    return address?.port ?? null;
  }

  /** Stops accepting, and resolves when the last connection is gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    await Promise.all([...this.#open.keys()].map((id) => this.#end(id)));
  }

  async #follow(): Promise<void> {
    const { directory, host, serverFor, log } = this.#o;
    if (this.#closed) return;
    const wanted = new Map(directory.list().flatMap(({ id, port }) => (port === null ? [] : [[id, port] as const])));
    for (const [id, { port }] of this.#open) {
      // Not awaited: whoever is on it still may finish, and a port is free as soon as nobody listens.
      if (wanted.get(id) !== port) void this.#end(id);
    }
    let first: unknown;
    for (const [id, port] of wanted) {
      if (this.#open.has(id)) continue;
      const server = serverFor(id);
      try {
        await listening(server, { host, port });
        this.#open.set(id, { port, server });
        log.info({ tenant: id, port }, 'the tenant has a port of its own');
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  }

  #end(id: string): Promise<void> {
    const entry = this.#open.get(id);
    this.#open.delete(id);
    return new Promise((resolve) => {
      if (!entry) return resolve();
      entry.server.close(() => resolve());
      entry.server.closeIdleConnections();
    });
  }
}

function listening(server: Server, where: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(AppError.from(listenError(cause, { ...where, instead: 'choose another tenants[].port' }))),
    );
    server.listen(where, resolve);
  });
}
