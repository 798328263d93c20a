import cookie from '@fastify/cookie';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { AppError } from '../config/app-error.ts';
import { answerError } from './answer-error.ts';
import { allowListedOrigin } from './callers/allow-listed-origin.ts';
import { createAuthenticator, requireAccess } from './callers/authenticate.ts';
import { prefixOf, prefixRedirect, sessionCookieName } from './callers/behind-gateway.ts';
import { callerOf, checkCaller } from './callers/check-caller.ts';
import { OpenSockets } from './callers/open-sockets.ts';
import { requestLimits } from './callers/request-limits.ts';
import { SECURITY_HEADERS } from './callers/security-headers.ts';
import { SessionStore } from './callers/session-store.ts';
import { comprefaceRoutes } from './compreface/compreface-routes.ts';
import { isComprefaceUrl } from './compreface/repair-url.ts';
import { createApp } from './create-app.ts';
import { pathOf } from './path-of.ts';
import { createPictureDesk } from './pictures/picture-desk.ts';
import { apiDocsRoutes, describeApi } from './routes/api-docs.ts';
import { auditRoutes } from './routes/audit.ts';
import { cameraProbeRoutes } from './routes/camera-probes.ts';
import { cameraRoutes } from './routes/cameras.ts';
import { compareRoute } from './routes/compare.ts';
import { consoleRoutes } from './routes/console.ts';
import { detectRoute } from './routes/detect.ts';
import { doorRoutes } from './routes/doors.ts';
import { eventRoutes } from './routes/events.ts';
import { faceRoutes } from './routes/faces.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { recognizeRoute } from './routes/recognize.ts';
import { searchRoute } from './routes/search.ts';
import { sessionRoutes } from './routes/session.ts';
import { sinkRoutes } from './routes/sinks.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { socketRoutes } from './routes/sockets.ts';
import { stepRoute } from './routes/step.ts';
import { subjectRoutes } from './routes/subjects.ts';
import { unknownRoutes } from './routes/unknowns.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import type { ServerParts } from './server-parts.ts';

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
  const { settings, keys, metrics, clock, behind } = parts;
  const app = createApp(parts);
  const sessions = new SessionStore({ clock });
  const cookieName = sessionCookieName(parts.tenant.id, behind);
  const authenticate = createAuthenticator(keys, sessions, cookieName);
  const sockets = new OpenSockets();
  let closing = false;

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.decorateRequest('principal', null);
  app.decorateRequest('prefix', '');

  await app.register(cookie);
  // Before our hooks: only what its own hook has seen does it hang up after a refusal.
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
      sockets.closeAll(GOING_AWAY, 'facegate is stopping');
      app.websocketServer.close();
      done();
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    request.prefix = prefixOf(request, behind);
    if (closing) throw new AppError('SHUTTING_DOWN', 'facegate is stopping');
    checkCaller(callerOf(request), {
      keyless: keys.isEmpty,
      tls: request.from.secure,
      hosts: settings.server.hosts,
      origins: settings.server.origins,
    });
    if (allowListedOrigin(request, reply, settings.server.origins)) return reply;
    request.principal = authenticate(request);
    if (!request.is404) requireAccess(request.principal, request.routeOptions.config.access ?? 'admin');
  });
  // Whoever lost their key or session hears nothing more.
  const unsubscribe = keys.onChange(() => sockets.check());
  app.addHook('onClose', async () => unsubscribe());
  app.addHook('onSend', async (request, reply) => {
    prefixRedirect(request, reply);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const seconds = reply.elapsedTime / 1000;
    metrics.httpRequest({ method, route, status: reply.statusCode, seconds });
    // People's names stand in CompreFace's addresses, and have to go when the people go.
    const path = isComprefaceUrl(request.url) ? route : pathOf(request.url);
    const fields = { method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    // The console asks all the time; what changes something is what people look for.
    if (method === 'GET' || method === 'HEAD') request.log.debug(fields, 'request');
    else request.log.info(fields, 'request');
  });

  await app.register(rateLimit, requestLimits(settings.server));
  await app.register(multipart, { throwFileSizeLimit: true });
  // Where no form is taken nobody parses one: what was asked for cannot be told.
  app.addHook('preValidation', async (request) => {
    if (!request.isMultipart() || request.is404) return;
    if (request.routeOptions.schema?.consumes?.includes('multipart/form-data')) return;
    throw new AppError('REQUEST_INVALID', 'this request takes no form (multipart/form-data)');
  });
  await describeApi(app, { version: parts.version, cookie: cookieName });

  const desk = createPictureDesk(parts);
  detectRoute(app, desk);
  compareRoute(app, desk, parts);
  stepRoute(app, desk, parts);
  healthRoutes(app, parts);
  cameraRoutes(app, parts);
  cameraProbeRoutes(app, parts);
  subjectRoutes(app, parts);
  groupRoutes(app, parts);
  faceRoutes(app, desk, parts);
  recognizeRoute(app, desk, parts);
  searchRoute(app, parts);
  unknownRoutes(app, parts);
  doorRoutes(app, parts);
  eventRoutes(app, parts, authenticate, sockets);
  snapshotRoutes(app, parts);
  sinkRoutes(app, parts);
  webhookRoutes(app, parts);
  auditRoutes(app, parts);
  sessionRoutes(app, parts, sessions, sockets);
  keyRoutes(app, parts);
  socketRoutes(app, parts, authenticate, sockets);
  await comprefaceRoutes(app, desk, parts);
  await apiDocsRoutes(app);
  await consoleRoutes(app, parts.consoleDir);
  app.setNotFoundHandler((request) => {
    throw new AppError('NOT_FOUND', `there is nothing at ${request.method} ${pathOf(request.url)}`);
  });
  return app as unknown as FastifyInstance;
}
