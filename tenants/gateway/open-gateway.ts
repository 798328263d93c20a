import type { Server } from 'node:http';
import type { ServerOptions as TlsOptions } from 'node:https';
import type { Logger as PinoLogger } from 'pino';
import type { Settings } from '../../config/settings-schema.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { originByProxies } from '../../server/callers/caller-origin.ts';
import { listen } from '../../server/listen.ts';
import type { TenantDirectory } from '../tenant-contract.ts';
import { gatewayApp } from './gateway-app.ts';
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts';
import { gatewayServer } from './gateway-server.ts';
import { OpenConnections } from './open-connections.ts';
import { TenantPorts } from './tenant-ports.ts';
import { Traffic } from './traffic.ts';

/** How long nothing may move before a client that sends, or a tenant that is to answer, is given up. */
const IDLE_MS = 60_000;
/** How long a closing gateway waits for what has begun; tenants that stop beside it end their WebSockets in it. */
const GRACE_MS = 10_000;
const TIDY_EVERY_MS = 100;

export interface GatewayOptions {
  /** Of the gateway's file; its own address and the operators' keys count here. */
  readonly settings: Settings;
  /** What relative paths of the settings (TLS files) are relative to. */
  readonly baseDir: string;
  readonly directory: TenantDirectory;
  readonly version: string;
  readonly log: PinoLogger;
  readonly clock: Clock;
  /** Other bounds than the built-in ones. */
  readonly bounds?: {
    readonly idleMs?: number;
    readonly headersMs?: number;
    readonly graceMs?: number;
    /** WebSockets and streams of a tenant. */
    readonly streams?: number;
    /** Connections of a tenant. */
    readonly connections?: number;
    /** Connections that have asked for nothing yet. */
    readonly silent?: number;
  };
}

export interface Gateway {
  /** To open in a browser on this machine. */
  readonly address: string;
  /** The port that the tenant has for itself; null where it has none. */
  portOf(tenant: string): number | null;
  /**
   * Stops accepting, lets run what has begun, and cuts off what is left after 10 s. WebSockets are told to go by the tenants
   * themselves (1001), so these should be stopped at the same time. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Opens the one address that people reach all tenants at: `/<tenant>/…` goes to that tenant's Unix socket and to no other,
 * the rest is the gateway's own (gateway-routes.ts). Nothing of a request or an answer is collected here.
 *
 * @throws {AppError} PORT_IN_USE; CONFIG_INVALID for an address or TLS files that cannot be used.
 */
export async function openGateway(o: GatewayOptions): Promise<Gateway> {
  const { settings, directory, log, clock, bounds = {} } = o;
  const { host, port } = settings.server;
  const connections = new OpenConnections({
    tenants: () => directory.list().length,
    mostOfATenant: bounds.connections,
    mostSilent: bounds.silent,
  });
  let closing: Promise<void> | null = null;
  const traffic: Traffic = new Traffic({
    directory,
    connections,
    metrics: () => metrics,
    clock,
    log,
    originOf: originByProxies(settings.server.trustedProxies),
    idleMs: bounds.idleMs ?? IDLE_MS,
    mostStreams: bounds.streams,
    closing: () => closing !== null,
  });
  const metrics: GatewayMetrics = createGatewayMetrics({
    version: o.version,
    tenants: () => directory.list(),
    open: (tenant) => traffic.open(tenant),
    silent: () => connections.count(null),
    log,
  });
  const servers = new Set<Server>();
  let tls: TlsOptions | undefined;
  const common = { traffic, connections, headersMs: bounds.headersMs };
  const app = await gatewayApp({
    ...o,
    metrics,
    serverFactory: (own, options) => {
      tls = (options as { https?: TlsOptions }).https;
      const server = gatewayServer({ ...common, tls, entrance: { own } });
      servers.add(server);
      return server;
    },
  });
  const ports = new TenantPorts({
    directory,
    host,
    log,
    serverFor: (tenant) => {
      const server = gatewayServer({ ...common, tls, entrance: { only: tenant } });
      for (const answer of app.server.listeners('clientError')) server.on('clientError', answer as () => void);
      servers.add(server);
      server.once('close', () => servers.delete(server));
      return server;
    },
  });
  const changes = directory.changes.subscribe(() => {
    traffic.forgetOthers();
    ports.follow().catch((error: unknown) => log.error({ err: error }, 'a tenant does not get its own port'));
  });

  async function close(): Promise<void> {
    changes.unsubscribe();
    // A connection that is kept alive becomes idle only when its answer is through.
    const tidy = setInterval(() => {
      for (const server of servers) server.closeIdleConnections();
    }, TIDY_EVERY_MS);
    const cut = setTimeout(() => connections.destroyAll(), bounds.graceMs ?? GRACE_MS);
    try {
      await Promise.all([app.close(), ports.close()]);
    } finally {
      clearInterval(tidy);
      clearTimeout(cut);
    }
  }
  const gateway: Gateway = {
    address: '',
    portOf: (tenant) => ports.portOf(tenant),
    close: () => {
      closing ??= Promise.resolve().then(close);
      return closing;
    },
  };
  try {
    const { url } = await listen(app, { host, port, tls: settings.server.tls !== undefined });
    await ports.follow();
    return { ...gateway, address: url };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}
