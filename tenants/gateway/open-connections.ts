import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Connections that have asked for nothing yet. Whoever is one too many takes the place of the one that is silent longest. */
const MOST_SILENT = 1024;
const MOST_OF_A_TENANT = 4096;
/** Files that are not connections of clients: logs, timers, the children's channels. */
const OTHER_FILES = 256;
/** Where the system does not say how many files may be open. */
const USUAL_FILES = 4096;

interface Connection {
  readonly socket: Socket;
  /** Whose it is: of the tenant that it asked for last; null while it is silent. `` is the gateway itself. */
  of: string | null;
}

/**
 * Whose connections they are, so that nobody's clients use up those of the others. A connection is a tenant's from its
 * first request on; before that it is nobody's, and there is a bound of its own for those.
 */
export class OpenConnections {
  readonly #open = new Map<string, Connection>();
  /** In the order of their coming. */
  readonly #silent = new Map<string, Socket>();
  readonly #count = new Map<string, number>();
  readonly #mostSilent: number;
  readonly #most: () => number;

  /** @param o.tenants how many there are now. */
  constructor(o: { tenants: () => number; mostOfATenant?: number | undefined; mostSilent?: number | undefined }) {
    const files = openFilesLimit() - OTHER_FILES;
    this.#mostSilent = Math.min(o.mostSilent ?? MOST_SILENT, Math.floor(files / 4));
    // Each connection may need a second one, to the tenant.
    const shared = (): number => Math.floor((files - this.#mostSilent) / 2 / (o.tenants() + 1));
    this.#most = () => Math.max(1, Math.min(o.mostOfATenant ?? MOST_OF_A_TENANT, shared()));
  }

  /** Connections of that tenant; of `null` those that have asked for nothing yet. */
  count(of: string | null): number {
    return of === null ? this.#silent.size : (this.#count.get(of) ?? 0);
  }

  /** A connection came; of TLS the one below it. */
  opened(socket: Socket): void {
    const key = keyOf(socket);
    const connection: Connection = { socket, of: null };
    this.#open.set(key, connection);
    this.#silent.set(key, socket);
    socket.once('close', () => {
      if (this.#silent.get(key) === socket) this.#silent.delete(key);
      if (this.#open.get(key) !== connection) return;
      this.#open.delete(key);
      this.#add(connection.of, -1);
    });
    if (this.#silent.size <= this.#mostSilent) return;
    const [longest] = this.#silent.values();
    longest?.destroy();
  }

  /** It asks for something of `of`. @returns whether there is room for it. */
  asks(socket: Socket, of: string): boolean {
    const key = keyOf(socket);
    this.#silent.delete(key);
    const connection = this.#open.get(key);
    if (!connection || connection.of === of) return true;
    if (this.count(of) >= this.#most()) return false;
    this.#add(connection.of, -1);
    connection.of = of;
    this.#add(of, 1);
    return true;
  }

  /** Cuts off everybody. */
  destroyAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #add(of: string | null, by: number): void {
    if (of === null) return;
    const count = this.count(of) + by;
    if (count > 0) this.#count.set(of, count);
    else this.#count.delete(of);
  }
}

// The same for a TLS socket and the one below it, which Node does not lead to.
const keyOf = ({ remoteAddress, remotePort, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localPort}`;

function openFilesLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? USUAL_FILES : Number(limit);
  } catch {
    return USUAL_FILES;
  }
}
