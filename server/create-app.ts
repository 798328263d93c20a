import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import {
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type FastifyServerOptions,
  fastify,
  LogController,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../config/app-error.ts';
import { answerError, errorBody } from './answer-error.ts';
import { fromGetter, originByGateway, originByProxies } from './callers/caller-origin.ts';
import { answerComprefaceError } from './compreface/answer-compreface-error.ts';
import { isComprefaceUrl, repairUrl } from './compreface/repair-url.ts';
import { pathOf } from './path-of.ts';
import type { ServerApp } from './server-app.ts';
import type { ServerParts } from './server-parts.ts';

/** JSON bodies are names, keys and URLs; pictures come as multipart and have their own limit. */
const MAX_JSON_BYTES = 65_536;
/** CompreFace's addresses hold names: 200 characters of four bytes, each written as %XX. Routes check their own ids. */
const MAX_PARAM_LENGTH = 2400;

export interface AppParts extends Pick<ServerParts, 'log' | 'settings' | 'baseDir' | 'behind'> {
  /** Makes Node's server, where something stands before Fastify; of its options `https` has the certificate and key. */
  readonly serverFactory?: FastifyServerFactory | undefined;
}

/**
 * Fastify as we want it: HTTP or HTTPS by the settings, logs without headers and queries, one shape of errors.
 * @throws {AppError} CONFIG_INVALID when a TLS file cannot be read or holds no certificate or key.
 */
export function createApp(parts: AppParts): ServerApp {
  const { log, settings, baseDir, behind, serverFactory } = parts;
  const options: FastifyServerOptions = {
    loggerInstance: log.child(
      {},
      {
        // Never a header, and never a query: it may carry what nobody meant to log.
        serializers: { req: ({ method, url }: FastifyRequest) => ({ method, path: pathOf(url) }) },
        redact: ['headers', 'cookies', '*.authorization', '*.cookie', '*["x-api-key"]'],
      },
    ),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_JSON_BYTES,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: repairUrl,
    ...(serverFactory && { serverFactory }),
    // An address that cannot be read belongs to no scope, so that none can answer in its own shape.
    frameworkErrors: (error, request, reply) => {
      const answer = isComprefaceUrl(request.url) ? answerComprefaceError : answerError;
      answer(error, request as FastifyRequest, reply as FastifyReply);
    },
    clientErrorHandler: answerClientError,
  };
  // Behind a gateway, it is the gateway that speaks TLS.
  const tls = behind ? undefined : settings.server.tls;
  const https = tls && {
    cert: readTlsFile('cert', resolve(baseDir, tls.cert)),
    key: readTlsFile('key', resolve(baseDir, tls.key)),
  };
  const app = openFastify(https ? ({ ...options, https } as FastifyServerOptions) : options);
  app.decorateRequest('from', fromGetter(behind ? originByGateway : originByProxies(settings.server.trustedProxies)));
  return app;
}

function openFastify(options: FastifyServerOptions): ServerApp {
  try {
    return fastify(options).withTypeProvider<ZodTypeProvider>() as unknown as ServerApp;
  } catch (cause) {
    if (!('https' in options)) throw cause;
    // OpenSSL's words name neither file; they hold nothing of the key.
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('CONFIG_INVALID', `server.tls: the files are no PEM certificate and its key (${said})`, {
      cause,
    });
  }
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
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
