import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import cookie from '@fastify/cookie';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../config/app-error.ts';
import { answerError, errorBody } from './answer-error.ts';
import { createAuthenticator, requireAccess } from './authenticate.ts';
import { checkCaller, isListedOrigin } from './check-caller.ts';
import { createPictureDesk } from './picture-desk.ts';
import { apiDocsRoutes, describeApi } from './routes/api-docs.ts';
import { cameraRoutes } from './routes/cameras.ts';
import { compareRoute } from './routes/compare.ts';
import { consoleRoutes } from './routes/console.ts';
import { detectRoute } from './routes/detect.ts';
import { doorRoutes } from './routes/doors.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { sessionRoutes } from './routes/session.ts';
import { socketRoutes } from './routes/sockets.ts';
import { stepRoute } from './routes/step.ts';
import { subjectRoutes } from './routes/subjects.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import type { ServerApp } from './server-app.ts';
import type { ServerParts } from './server-parts.ts';
import { SessionStore } from './session-store.ts';

/** JSON bodies are names, keys and URLs; pictures come as multipart and have their own limit. */
const MAX_JSON_BYTES = 65_536;
/** Clients send next to nothing over a WebSocket. */
const MAX_SOCKET_MESSAGE_BYTES = 65_536;
/** How long a stopping server waits for requests that it has begun. */
const DRAIN_MS = 5000;
/** How long a WebSocket client may take to say goodbye. */
const SOCKET_CLOSE_MS = 1000;
const GOING_AWAY = 1001;

/**
 * The HTTP and WebSocket server of one tenant, ready to listen. Closing it refuses new requests, ends the sockets with
 * 1001 and waits, for 5 s at most, for the requests that run; it closes none of its parts.
 *
 * @throws {AppError} CONFIG_INVALID when a TLS file cannot be read.
 */
export async function buildServer(parts: ServerParts): Promise<FastifyInstance> {
  const { settings, keys, metrics, clock } = parts;
  const app = createApp(parts);
  const sessions = new SessionStore({ clock });
  const authenticate = createAuthenticator(keys, sessions);
  let closing = false;

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.decorateRequest('principal', null);

  await app.register(cookie);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (closing) throw new AppError('SHUTTING_DOWN', 'facegate is stopping');
    checkCaller(callerOf(request), {
      keyless: keys.isEmpty,
      tls: settings.server.tls !== undefined,
      hosts: settings.server.hosts,
      origins: settings.server.origins,
    });
    if (allowListedOrigin(request, reply, settings.server.origins)) return reply;
    request.principal = authenticate(request);
    if (!request.is404) requireAccess(request.principal, request.routeOptions.config.access ?? 'admin');
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const seconds = reply.elapsedTime / 1000;
    metrics.httpRequest({ method, route, status: reply.statusCode, seconds });
    const fields = { method, path: pathOf(request.url), status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    // The console asks all the time; what changes something is what people look for.
    if (method === 'GET' || method === 'HEAD') request.log.debug(fields, 'request');
    else request.log.info(fields, 'request');
  });

  await app.register(rateLimit, {
    global: false,
    keyGenerator: ({ principal, ip }) => (principal?.kind === 'key' ? principal.key.id : ip),
    errorResponseBuilder: (_request, { after }) =>
      new AppError('RATE_LIMITED', `too many requests; try again in ${after}`),
  });
  await app.register(multipart, { throwFileSizeLimit: true });
  await app.register(websocket, {
    options: { maxPayload: MAX_SOCKET_MESSAGE_BYTES, perMessageDeflate: false },
    // What is wrong with one socket (a message too large, a reset) ends that socket and is no fault of ours.
    errorHandler: (error, socket, request) => {
      request.log.debug({ err: error }, 'a WebSocket client failed');
      socket.terminate();
    },
    preClose(done) {
      closing = true;
      const { clients } = app.websocketServer;
      for (const client of clients) client.close(GOING_AWAY, 'facegate is stopping');
      setTimeout(() => {
        for (const client of clients) client.terminate();
      }, SOCKET_CLOSE_MS).unref();
      setTimeout(() => app.server.closeAllConnections(), DRAIN_MS).unref();
      app.websocketServer.close();
      done();
    },
  });
  await describeApi(app, parts.version);

  const desk = createPictureDesk(parts);
  detectRoute(app, desk);
  compareRoute(app, desk, parts);
  stepRoute(app, desk, parts);
  healthRoutes(app, parts);
  cameraRoutes(app, parts);
  subjectRoutes(app, desk, parts);
  doorRoutes(app, parts);
  eventRoutes(app, parts);
  sessionRoutes(app, parts, sessions);
  socketRoutes(app, parts, authenticate);
  await apiDocsRoutes(app);
  await consoleRoutes(app, parts.consoleDir);
  app.setNotFoundHandler((request) => {
    throw new AppError('NOT_FOUND', `there is nothing at ${request.method} ${pathOf(request.url)}`);
  });
  return app as unknown as FastifyInstance;
}

function createApp({ log, settings, baseDir }: ServerParts): ServerApp {
  const options: FastifyServerOptions = {
    loggerInstance: log.child(
      {},
      {
        // Never a header, and never a query: it may carry what nobody meant to log.
        serializers: { req: ({ method, url }: FastifyRequest) => ({ method, path: pathOf(url) }) },
        redact: ['headers', 'cookies', '*.authorization', '*.cookie', '*["x-api-key"]'],
      },
    ),
    disableRequestLogging: true,
    bodyLimit: MAX_JSON_BYTES,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => answerError(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: answerClientError,
  };
  const { tls } = settings.server;
  const https = tls && {
    cert: readTlsFile('cert', resolve(baseDir, tls.cert)),
    key: readTlsFile('key', resolve(baseDir, tls.key)),
  };
  const app = https ? fastify({ ...options, https } as FastifyServerOptions) : fastify(options);
  return app.withTypeProvider<ZodTypeProvider>() as unknown as ServerApp;
}

function readTlsFile(which: 'cert' | 'key', path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('CONFIG_INVALID', `server.tls.${which}: ${path} cannot be read (${code})`, { cause });
  }
}

/** What is no HTTP at all never reaches a route. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const body = JSON.stringify(errorBody(new AppError('REQUEST_INVALID', 'the request is not valid HTTP')));
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 400 Bad Request\r\nContent-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json\r\n` +
        `Connection: close\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}

function callerOf({ headers, ip }: FastifyRequest) {
  const { host, origin } = headers;
  const [fetchSite, fetchMode] = [headers['sec-fetch-site'], headers['sec-fetch-mode']].map((value) =>
    value?.toString(),
  );
  return { host, origin, fetchSite, fetchMode, remoteAddress: ip };
}

/**
 * Lets pages of the origins in the settings read our answers. They need a key in a header; the cookie stays ours.
 * True when the request was a browser's question about that (preflight), which is answered here.
 */
function allowListedOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !isListedOrigin(origin, origins)) return false;
  reply.headers({
    'access-control-allow-origin': origin,
    vary: 'origin',
    'cross-origin-resource-policy': 'cross-origin',
  });
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  reply
    .headers({
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'authorization, x-api-key, content-type',
      'access-control-max-age': '600',
    })
    .code(204)
    .send();
  return true;
}

const pathOf = (url: string): string => url.split('?', 1)[0] as string;
