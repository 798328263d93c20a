import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { OpenConnections } from './open-connections.ts';
import type { Entrance, Traffic } from './traffic.ts';

/** Whoever sends headers slowly holds a connection, and nothing else. */
const HEADERS_MS = 10_000;
const LOOK_EVERY_MS = 1000;
/** As the server of a tenant: longer than what usually stands in front keeps idle connections. */
const KEEP_ALIVE_MS = 72_000;
/** A peer that vanished without a word is found by the kernel's own probes. */
const PROBE_AFTER_MS = 60_000;

const OPTIONS = {
  headersTimeout: HEADERS_MS,
  // An upload may take as long as it goes on; who looks whether it does is forward-request.ts.
  requestTimeout: 0,
  connectionsCheckingInterval: LOOK_EVERY_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAlive: true,
  keepAliveInitialDelay: PROBE_AFTER_MS,
  noDelay: true,
  requireHostHeader: true,
  insecureHTTPParser: false,
  // `Upgrade: h2c` and the like are offers that may be passed over.
  shouldUpgradeCallback: ({ headers }) => headers.upgrade?.trim().toLowerCase() === 'websocket',
} satisfies ServerOptions;

/** Node's server of one address, not listening yet. @param tls certificate and key; undefined: HTTP. */
export function gatewayServer(o: {
  tls: TlsOptions | undefined;
  entrance: Entrance;
  traffic: Traffic;
  connections: OpenConnections;
  headersMs?: number | undefined;
}): Server {
  const { tls, entrance, traffic, connections } = o;
  const options = { ...OPTIONS, ...(o.headersMs !== undefined && { headersTimeout: o.headersMs }) };
  const server = tls ? createTlsServer({ ...options, ...tls, handshakeTimeout: HEADERS_MS }) : createServer(options);
  server.on('connection', (socket: Socket) => connections.opened(socket));
  server.on('request', (request, response) => traffic.onRequest(request, response, entrance, { waits: false }));
  server.on('checkContinue', (request, response) => traffic.onRequest(request, response, entrance, { waits: true }));
  server.on('upgrade', (request, socket, head) => traffic.onUpgrade(request, socket as Socket, head, entrance));
  return server;
}
